import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Counters } from './counters.ts'
import type { DialogState } from './dialog/dialog-state.ts'
import type { SessionTimerPolicy } from './dialog/session-interval.ts'
import type { SipDialog } from './dialog/sip-dialog.ts'
import type { Identity } from './identity.ts'
import type { Limits } from './limits.ts'
import type { SipRequest, SipResponse } from './message/message.ts'
import type { Timers } from './timers.ts'
import type { ClientHandlers, ClientTransaction } from './transaction-user.ts'
import type { Flow } from './transport/flow.ts'

/** What the parts of the stack need of the whole: calls and dialogs get it handed in, so that none of them knows the stack. */
export interface Core {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly timers: Timers
  readonly limits: Limits
  readonly counters: Counters
  readonly identity: Identity
  readonly sessionTimer: SessionTimerPolicy
  /** Option tags for Supported. */
  readonly supported: readonly string[]
  /** For Server and User-Agent; `undefined` = neither is sent. */
  readonly product: string | undefined
  /** Sends a request in a transaction of its own. `done` is never called before this returns. */
  send(request: SipRequest, flow: Flow, handlers: ClientHandlers): AbandonableTransaction
  /** Sends an INVITE; `response` hears every response, repeated 2xx included. */
  sendInvite(request: SipRequest, flow: Flow, handlers: InviteHandlers): AbandonableTransaction
  /** Sends a request that no transaction watches: the ACK of a 2xx. */
  sendBare(request: SipRequest, flow: Flow): void
  /** Where a request in this dialog goes: the flow, or what Route and remote target name. */
  nextHop(state: DialogState, flow: Flow): Flow
  /** Runs when `nextHop` knows: at once, unless a route names a host that is being looked up (3 s at most). */
  whenHopKnown(state: DialogState, run: () => void): void
  /** Asks where the phone of a dialog whose flow is dead is now; `undefined` where nobody knows, 3 s later at the latest. */
  flowInstead(state: DialogState, run: (flow: Flow | undefined) => void): void
  addDialog(dialog: SipDialog): void
  removeDialog(dialog: SipDialog): void
  /** Runs a handler of the user; what it throws is logged and counted, and false comes back. */
  guarded(what: string, run: () => void): boolean
}

export interface AbandonableTransaction extends ClientTransaction {
  /** Ends it without a word: its handlers hear nothing more, and later responses are strays. */
  abandon(): void
}

export interface InviteHandlers {
  response(response: SipResponse): void
  failed(outcome: { readonly type: 'timeout' } | { readonly type: 'transport failed'; readonly error: Error }): void
}
