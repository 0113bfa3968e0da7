import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Question, Reply } from './asking/question.ts'
import type { CounterValues } from './counters.ts'
import type { DialogState } from './dialog/dialog-state.ts'
import type { EndOptions } from './dialog/ended-dialog.ts'
import type { SessionTimerPolicy } from './dialog/session-interval.ts'
import type { Limits } from './limits.ts'
import type { Timers } from './timers.ts'
import type {
  ClientHandlers,
  ClientTransaction,
  Dialog,
  OutgoingCall,
  OutgoingCallUser,
  OutgoingInvite,
  OutgoingRequest,
  TransactionUser,
} from './transaction-user.ts'
import type { BreakerState } from './transport/breaker.ts'
import type { Flow, RemoteAddress } from './transport/flow.ts'
import type { Names } from './transport/names.ts'
import type { Destination, Resolution } from './transport/resolve.ts'
import type { SipTap } from './transport/tap.ts'

/** One local address to listen on, over one transport. */
export interface ListenerOptions {
  readonly transport: 'udp' | 'tcp'
  /** An address of this machine, never `0.0.0.0` or `::` (see `expandHosts`). */
  readonly host: string
  /** 0 takes a free one; the same for UDP and TCP of one host. */
  readonly port: number
  /** What stands in Via, Contact and SDP where others reach us by another address; the socket's own where left out. */
  readonly advertised?: { readonly host: string; readonly port?: number }
}

/** A listener that is open, with its real port. */
export interface ListenerInfo {
  readonly transport: 'udp' | 'tcp'
  readonly local: RemoteAddress
  readonly advertised: { readonly host: string; readonly port: number }
}

/** Which node and which life of it made a tag, a Call-ID or a Contact. */
export interface Owner {
  readonly node: string
  readonly incarnation: string
}

export interface SipStackOptions {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** Short, `A-Z a-z 0-9` only, at most 16 characters each. */
  readonly node: string
  readonly incarnation: string
  readonly listeners: readonly ListenerOptions[]
  readonly user: TransactionUser
  readonly timers?: Partial<Timers>
  readonly limits?: Partial<Limits>
  /** Addresses and networks (`10.0.0.0/8`) of edges whose word about the true source is believed. None by default. */
  readonly trustedEdges?: readonly string[]
  /**
   * Which addresses a name or a route may lead to: requests of ours go to no other one, but for where a peer's own packets
   * come from. All by default.
   */
  readonly mayReach?: (address: string) => boolean
  /** Who knows names; the machine's own name servers by default. */
  readonly names?: Names
  /** A request came for a dialog of another incarnation: `dead` answers BYE with 200, everything else gets 481. */
  readonly foreignDialog?: (owner: Owner) => 'dead' | 'unknown'
  /** Methods outside of dialogs that `user.request` takes; everything else is 405 or 501. Default: `['REGISTER']`. */
  readonly methods?: readonly string[]
  /** Option tags that the user really supports, beside those of the stack (Supported; others in Require get 420). */
  readonly supported?: readonly string[]
  /** Session timers (RFC 4028); by default 1,800 s, and no less than 90 s. */
  readonly sessionTimer?: Partial<SessionTimerPolicy>
  /**
   * A dialog's requests went over a connection that has broken: the flow that its phone is reached over now (it registered
   * anew), which later ones take; `undefined` where nobody knows, and after 3 s.
   */
  readonly flowInstead?: (state: DialogState) => Promise<Flow | undefined>
  /** For the headers Server and User-Agent. */
  readonly product?: string
  /** Hears every message on the wire. */
  readonly tap?: SipTap
}

/** The whole stack, as its user sees it. `SipStack` is the class. */
export interface SipStackDoor {
  /** Opens every listener. Rejects, with all of them closed again, when one cannot be opened. */
  start(): Promise<void>
  /** Stops timers, forgets transactions and dialogs (without a word to the peers) and closes the sockets. */
  stop(): Promise<void>
  /** While true OPTIONS gets 503 and no dialog begins (INVITE: 503 with Retry-After); existing ones go on. */
  draining: boolean
  readonly listeners: readonly ListenerInfo[]
  /** Live dialogs. */
  readonly dialogs: readonly Dialog[]
  readonly counters: CounterValues
  /**
   * Turns a flow's key back into the flow; `undefined` when no listener of ours fits. A listener that has another port
   * than the key says is taken where its address and transport fit (a restart on a new port). The flow of a connection that
   * is gone is not `alive`, and everything sent over it fails at once.
   */
  flow(key: string): Flow | undefined
  /** The way to an address, from the listener of ours that leads there; `undefined` when none does. */
  flowTo(target: RemoteAddress, transport?: 'udp' | 'tcp'): Flow | undefined
  /**
   * Where a SIP URI leads (RFC 3263), the first to be tried first: at most eight addresses, within three seconds. Empty
   * where the name is not known, where we have no transport or listener for it, or where none of its addresses may be
   * reached. Never rejects.
   */
  resolve(uri: string): Promise<readonly Destination[]>
  /** The same, and where it leads nowhere why. It needs no open listener. */
  lookUp(uri: string): Promise<Resolution>
  /**
   * Asks outside of any dialog (OPTIONS, REGISTER …): the destinations of the URI one after the other, until one answers.
   * Rejects with a `SipError` for a question that cannot be written, and never otherwise.
   */
  ask(question: Question): Promise<Reply>
  /** Whether a destination answers, as far as calls and questions have shown. */
  targetState(destination: Destination): BreakerState
  /** Sends a request outside of any dialog. Throws a `SipError` for a malformed one. */
  request(outgoing: OutgoingRequest, handlers?: ClientHandlers): ClientTransaction
  /**
   * Prepares a call: its identity is known, and `send` puts it on the wire. Throws a `SipError` for parts that cannot be,
   * an `Error` where no listener of ours leads there or too many dialogs are open.
   */
  invite(outgoing: OutgoingInvite, user: OutgoingCallUser): OutgoingCall
  /**
   * Ends a dialog of an earlier life, or of another machine's, with a BYE whose CSeq is well above the last one known: over the
   * flow that the state names, the one that its phone has now, or to its Contact.
   */
  byeFromState(state: DialogState, options?: EndOptions, handlers?: ClientHandlers): void
}
