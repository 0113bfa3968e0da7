import type { Timer } from '#platform/time'
import type { AbandonableTransaction, Core } from '../core.ts'
import type { DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import { SipError } from '../message/sip-error.ts'
import { contactUri, requestVia } from '../outgoing.ts'
import { cancelOf } from '../transaction/client-transaction.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { DialogUser, OutgoingCall, OutgoingCallUser } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import { dialogRequest } from './dialog-request.ts'
import { type DialogState, routing, uacDialog } from './dialog-state.ts'
import { EarlyForks } from './early-forks.ts'
import { answerEarly } from './early-request.ts'
import { InviteAgain, inviteOver } from './invite-again.ts'
import { NOBODY } from './nobody.ts'
import { agreeAsUac } from './session-interval.ts'
import { SipDialog } from './sip-dialog.ts'

/** Nobody said anything for so long, not even 100 Trying: the call is given up. */
const FIRST_RESPONSE_MS = 6_000
/** Other forks whose answers are acknowledged and ended. More answers of one call than these are not taken notice of. */
const MOST_ANSWERS = 32

const UNREADABLE = 'the answer has a Contact or Record-Route that cannot be read'
const HUNG_UP = 'the other side hung up before its answer came'

/** How an INVITE goes that has grown too large for a datagram: it shows who we are. */
export interface StreamForLarge {
  /** The flow for so many bytes; `undefined`: the one that it has. */
  flowFor(bytes: number): Flow | undefined
  /** Nobody took the connection. */
  refused(): void
}

type Failure = Parameters<OutgoingCallUser['failed']>[0]

/**
 * A call of ours, from its INVITE to its final answer (RFC 3261 §13.2). The first 2xx makes the dialog; whatever else a
 * forking proxy lets through is acknowledged and ended. What was given up is cancelled as soon as that is allowed (§9.1).
 */
export class OutgoingCallClient implements OutgoingCall {
  readonly #core: Core
  #invite: SipRequest
  #flow: Flow
  /** Where the INVITE goes by datagrams, while it is tried over a stream for its size. */
  #datagrams: Flow | undefined
  readonly #routing: DialogState['routing']
  readonly #user: OutgoingCallUser
  readonly #stream: StreamForLarge | undefined
  readonly #hear: ((response: SipResponse) => void) | undefined
  readonly #over: () => void
  #dialogState: DialogState
  #transaction: AbandonableTransaction | undefined
  #firstResponse: Timer | undefined
  #patience: Timer | undefined
  /** A response came, so that a CANCEL may leave. */
  #heard = false
  /** Nobody wants the call any more; with what the CANCEL shall say. */
  #unwanted: { headers: HeaderInput | undefined } | undefined
  #cancelSent = false
  /** The user has heard how it ended. */
  #told = false
  /** A final response came, or none will. */
  #final = false
  /** By the To tag of each 2xx: sends its ACK, as soon as that is known. */
  readonly #acks = new Map<string, () => void>()
  /** To tags of forks that hung up before they answered. */
  readonly #hungUp = new Set<string>()
  /** Forks that have said something reliably. */
  readonly #early: EarlyForks
  readonly #digest: DigestClient | undefined
  readonly #again: InviteAgain

  /** `over` is called once, when the INVITE has its final response or none is waited for any more. */
  constructor(at: {
    core: Core
    invite: SipRequest
    flow: Flow
    routing: DialogState['routing']
    user: OutgoingCallUser
    digest: DigestClient | undefined
    stream?: StreamForLarge
    /** Hears every response, before anything comes of it. */
    heard?: (response: SipResponse) => void
    over: () => void
  }) {
    this.#core = at.core
    this.#invite = at.invite
    this.#flow = at.flow
    this.#routing = at.routing
    this.#user = at.user
    this.#stream = at.stream
    this.#hear = at.heard
    this.#over = at.over
    this.#digest = at.digest
    this.#again = new InviteAgain(at.core.sessionTimer, at.digest)
    this.#early = new EarlyForks(at.core, {
      ...{ user: at.user.dialog, flow: at.flow, digest: at.digest },
      hungUp: (tag) => this.#isHungUp(tag),
    })
    this.#dialogState = this.#stateAfter(undefined)
  }

  get dialogState(): DialogState {
    return this.#dialogState
  }

  send(): void {
    if (!this.#transaction && !this.#final) this.#sendInvite()
  }

  #sendInvite(): void {
    this.#firstResponse = this.#core.clock.after(FIRST_RESPONSE_MS, () => this.#giveUp({ type: 'no response' }))
    this.#transaction = this.#core.sendInvite(this.#invite, this.#flow, {
      response: (response) => this.#receive(response),
      failed: (outcome) => {
        if (outcome.type === 'transport failed' && this.#goByDatagrams()) return
        this.#close()
        this.#fail(outcome.type === 'timeout' ? { type: 'no response' } : { type: 'unreachable', error: outcome.error })
      },
    })
  }

  cancel(headers?: HeaderInput): void {
    if (this.#told || this.#unwanted) return
    this.#unwanted = { headers }
    if (this.#final) return // a 2xx whose ACK waits for the address of its way
    if (!this.#transaction) {
      this.#close()
      queueMicrotask(() => this.#fail({ type: 'cancelled' }))
    } else if (this.#heard) this.#sendCancel()
  }

  /** Forgets the call without a word. */
  drop(): void {
    this.#firstResponse?.cancel()
    this.#patience?.cancel()
  }

  #receive(response: SipResponse): void {
    this.#heard = true
    this.#firstResponse?.cancel()
    this.#hear?.(response)
    const { status } = response
    if (status < 200) this.#provisional(response)
    else if (status < 300) this.#accepted(response)
    else if (!this.#goAgain(response)) {
      this.#close()
      this.#fail({ type: 'refused', response })
    }
  }

  /** A challenge, or a 422: the next request of the same call, unless nobody wants it any more. */
  #goAgain(response: SipResponse): boolean {
    if (this.#unwanted || this.#told) return false
    const next = this.#again.after(response, this.#invite, this.#flow, () => this.#core.identity.branch())
    if (!next) return false
    this.#invite = next
    const stream = this.#flow.reliable ? undefined : this.#stream?.flowFor(serialise(next).length)
    if (stream) {
      this.#datagrams = this.#flow
      this.#moveTo(stream, next.cseq.number)
    }
    this.#restart()
    return true
  }

  /** Nobody took the connection that a large INVITE was to go over (RFC 3261 §18.1.1): it goes the way of before. */
  #goByDatagrams(): boolean {
    const flow = this.#datagrams
    if (!flow || this.#heard || this.#unwanted || this.#told) return false
    this.#firstResponse?.cancel()
    this.#datagrams = undefined
    this.#stream?.refused()
    // it may have arrived before the connection broke
    this.#moveTo(flow, this.#invite.cseq.number + 1)
    this.#restart()
    return true
  }

  #moveTo(flow: Flow, cseq: number): void {
    this.#flow = flow
    this.#invite = inviteOver(this.#invite, flow, this.#core.identity, cseq)
  }

  #restart(): void {
    this.#heard = false
    this.#early.restart(this.#flow)
    this.#dialogState = this.#stateAfter(undefined)
    this.#sendInvite()
  }

  /** A request of the peer in a dialog that is not answered yet. */
  receive(transaction: ServerTransaction): void {
    const hungUp = answerEarly(this.#core, transaction, {
      user: this.#told || this.#unwanted ? NOBODY : this.#user.dialog,
      contact: this.#dialogState.local_contact,
    })
    if (hungUp) this.#isHungUp(transaction.request.fromTag)
  }

  #isHungUp(tag: string): void {
    if (this.#hungUp.size < MOST_ANSWERS) this.#hungUp.add(tag)
  }

  /** The first fork that speaks is the one that a BYE may end should we not live to cancel (§15). */
  #provisional(response: SipResponse): void {
    if (response.status > 100 && this.#dialogState.remote_tag === '') {
      this.#dialogState = this.#stateOf(response) ?? this.#dialogState
    }
    const reliable = this.#early.receive(response, () => this.#stateOf(response))
    if (reliable === 'seen') return
    if (this.#unwanted) this.#sendCancel()
    else if (response.status > 100) this.#tell(() => this.#user.progressed(response, reliable))
  }

  /** A 2xx: the first one wins, unless nobody wants the call any more. Each gets its own ACK, each time that it comes. */
  #accepted(response: SipResponse): void {
    const tag = response.toTag
    const known = this.#acks.get(tag)
    if (known) {
      known()
      return
    }
    if (this.#acks.size >= MOST_ANSWERS) return
    const isFirst = this.#acks.size === 0
    this.#acks.set(tag, () => {})
    this.#close()
    const state = this.#stateOf(response)
    const useless = state === undefined ? UNREADABLE : this.#hungUp.has(tag) ? HUNG_UP : undefined
    const wins = isFirst && !this.#unwanted && useless === undefined
    const dialog = this.#dialogOf(tag, wins ? this.#user.dialog : NOBODY, state ?? this.#stateWithout(tag))
    this.#core.addDialog(dialog)
    this.#core.whenHopKnown(dialog.state, () => {
      this.#acknowledge(tag, dialog)
      if (wins && !this.#unwanted) this.#begin(dialog, response)
      if (wins && !this.#unwanted) {
        this.#answered(response, dialog)
        return
      }
      dialog.bye(this.#unwanted?.headers)
      if (isFirst) this.#fail({ type: 'unreachable', error: new Error(useless) })
    })
  }

  #begin(dialog: SipDialog, response: SipResponse): void {
    const { policy } = this.#again
    dialog.session.begin(response, agreeAsUac(response, policy), policy)
  }

  #dialogOf(tag: string, user: DialogUser, state: DialogState): SipDialog {
    const early = this.#early.dialogOf(tag)
    early?.answered(user, state)
    const at = { source: this.#flow.remote, flow: this.#flow, digest: this.#digest }
    return early ?? new SipDialog({ core: this.#core, user, state, ...at, confirmed: true })
  }

  #acknowledge(tag: string, dialog: SipDialog): void {
    const hop = this.#core.nextHop(dialog.state, this.#flow)
    const ack = dialogRequest(dialog.state, {
      method: 'ACK',
      cseq: this.#invite.cseq.number,
      via: requestVia(hop, this.#core.identity.branch()),
      product: this.#core.product,
      headers: this.#digest?.headersOfAck(this.#invite, hop.remote.address),
    })
    const send = () => this.#core.sendBare(ack, hop)
    this.#acks.set(tag, send)
    send()
  }

  #answered(response: SipResponse, dialog: SipDialog): void {
    this.#dialogState = dialog.state
    this.#told = true
    this.#tell(() => this.#user.answered(response, dialog))
  }

  /** The dialog that a response makes; `undefined` where a Contact or Record-Route of it cannot be read. */
  #stateOf(response: SipResponse): DialogState | undefined {
    try {
      const state = this.#stateAfter(response)
      routing(state) // reads what every request in it will need
      return state
    } catch (error) {
      if (error instanceof SipError) return undefined
      throw error
    }
  }

  /** A dialog that goes the way of the INVITE, whatever the response says. */
  #stateWithout(tag: string): DialogState {
    const route_set = this.#invite.headers.list('route')
    return { ...this.#stateAfter(undefined), remote_tag: tag, route_set, routing: 'flow' }
  }

  #stateAfter(response: SipResponse | undefined): DialogState {
    return uacDialog(this.#invite, response, {
      localTag: this.#invite.fromTag,
      contact: contactUri(this.#core.identity.prefix, this.#flow.listener),
      flow: this.#flow.key,
      flowSecure: this.#flow.secure,
      routing: this.#routing,
    })
  }

  /** The user hears of it now; the call itself goes on until it can be cancelled. */
  #giveUp(failure: Failure): void {
    this.#fail(failure)
    this.#unwanted ??= { headers: undefined }
  }

  /** §9.1: same branch, same way. Where 64*T1 later no final response has come, none is waited for any more. */
  #sendCancel(): void {
    if (this.#cancelSent || this.#final) return
    this.#cancelSent = true
    const { clock, timers } = this.#core
    this.#patience = clock.after(64 * timers.t1Ms, () => {
      this.#transaction?.abandon()
      this.#close()
      this.#fail({ type: 'cancelled' })
    })
    this.#core.send(cancelOf(this.#invite, this.#unwanted?.headers), this.#flow, { done() {} })
  }

  #close(): void {
    this.drop()
    if (this.#final) return
    this.#final = true
    this.#early.forget()
    this.#over()
  }

  #fail(failure: Failure): void {
    if (this.#told) return
    this.#told = true
    this.#tell(() => this.#user.failed(this.#unwanted ? { type: 'cancelled' } : failure))
  }

  #tell(run: () => void): void {
    this.#core.guarded('outgoing call', run)
  }
}
