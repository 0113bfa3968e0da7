import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { isKnownMethod } from '../message/methods.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { Dialog, DialogUser, Outcome, SipBody } from '../transaction-user.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'
import { Answer } from './answer.ts'
import { builtOr } from './built-or.ts'
import { type DialogState, dialogKey, inOrder } from './dialog-state.ts'
import { DialogWay } from './dialog-way.ts'
import { answer, RequestHandle } from './request-handle.ts'
import { type InDialog, SessionChanges } from './session-changes.ts'

type Done = (outcome: Outcome) => void

/** What a dialog is before the final answer to its INVITE: a part of a call. */
export interface EarlyPhase {
  /** Whose offer has no reliable answer yet. */
  readonly unanswered: 'ours' | 'theirs' | undefined
  /** The peer gave up by BYE; 200 has left. */
  bye(request: SipRequest): void
}

/** A dialog (RFC 3261 §12): requests of both sides, its session, and its end. */
export class SipDialog implements Dialog, InDialog {
  readonly key: string
  readonly core: Core
  readonly way: DialogWay
  readonly session: SessionChanges
  /** Answers the PRACKs of the peer; without it nothing of ours was reliable. */
  onPrack: ((transaction: ServerTransaction) => void) | undefined
  /** It is over or forgotten. */
  onGone: (() => void) | undefined
  readonly source: RemoteAddress
  #user: DialogUser
  #early: EarlyPhase | undefined
  #ended = false
  /** Our 2xx to an INVITE that still waits for its ACK. */
  #answer: Answer | undefined
  /** The first INVITE's ACK has come, so that a BYE may leave. */
  #confirmed: boolean
  #waitingBye: (() => void) | undefined
  #byeNeverLeft: (() => void) | undefined

  constructor(at: {
    core: Core
    user: DialogUser
    state: DialogState
    flow: Flow
    source: RemoteAddress
    /** Its INVITE has been acknowledged. */
    confirmed: boolean
    early?: EarlyPhase
    /** What answers challenges of its peer. */
    digest?: DigestClient | undefined
  }) {
    this.core = at.core
    this.#user = at.user
    this.#early = at.early
    this.#confirmed = at.confirmed
    this.source = at.source
    this.key = dialogKey(at.state)
    this.way = new DialogWay(at.core, {
      ...{ state: at.state, flow: at.flow, digest: at.digest },
      changed: (state) => this.#tell(() => this.#user.changed?.(state)),
    })
    this.session = new SessionChanges(this, at.early?.unanswered)
  }

  get user(): DialogUser {
    return this.#user
  }

  get state(): DialogState {
    return this.way.state
  }

  get flow(): Flow {
    return this.way.flow
  }

  get ended(): boolean {
    return this.#ended
  }

  get early(): boolean {
    return this.#early !== undefined
  }

  get unacknowledged(): InDialog['unacknowledged'] {
    if (this.#answer?.waiting) return this.#answer.isOffer ? 'offer' : 'sent'
    return this.#confirmed ? undefined : 'unsent'
  }

  /** The INVITE has its 2xx; the route of one of the peer counts from now on. */
  answered(user: DialogUser, state: Partial<DialogState>): void {
    this.#early = undefined
    this.#user = user
    this.way.learn(state)
  }

  /** Sends our 2xx to an INVITE and repeats it until its ACK. Without one the dialog ends by BYE (§13.3.1.4). */
  answerInvite(
    transaction: ServerTransaction,
    response: SipResponse,
    handlers: { acked(ack: SipRequest): void; gaveUp(): void },
  ): void {
    const { clock, timers, counters } = this.core
    this.#answer?.stop()
    const mine = new Answer(
      { transaction, response, clock, timers },
      {
        acked: (ack) => {
          this.#confirm()
          handlers.acked(ack)
        },
        gaveUp: () => {
          counters.ack_timeouts++
          handlers.gaveUp()
          if (this.#waitingBye) this.#confirm()
          else this.#giveUp('ack timeout')
        },
      },
    )
    this.#answer = mine
    mine.send()
  }

  /** Our 2xx could never be sent: there is no dialog that a BYE would end. */
  neverAnswered(): void {
    const known = this.#ended
    this.#ended = true
    this.#waitingBye = undefined
    this.forget()
    if (known) this.#tell(() => this.#byeNeverLeft?.())
    this.#tell(() => this.#user.ended?.(known ? 'bye' : 'ack timeout'))
  }

  /** An ACK of a 2xx; false where nothing waited for it. */
  ack(ack: SipRequest): boolean {
    if (this.#answer?.cseq !== ack.cseq.number) return false
    this.#answer.ack(ack)
    return true
  }

  /** A request of the peer in this dialog (§12.2.2). */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction
    if (!inOrder(this.state, request.cseq.number)) {
      this.#refuse(transaction, 500, { reason: 'CSeq Out Of Order' })
      return
    }
    this.way.heard(request.cseq.number, transaction.flow)
    if (request.method === 'BYE') this.#bye(transaction)
    else if (this.#ended) this.#refuse(transaction, 481)
    else this.#dispatch(transaction)
  }

  bye(headers?: HeaderInput, done?: Done): void {
    if (this.#ended || this.#early) return
    this.#ended = true
    this.session.stop()
    const leave = () => {
      this.#waitingBye = undefined
      this.#sendBye(headers, (outcome) => {
        this.forget()
        this.#tell(() => done?.(outcome))
        this.#tell(() => this.#user.ended?.('bye'))
      })
    }
    if (this.#confirmed) leave()
    else {
      this.#waitingBye = leave
      this.#byeNeverLeft = () => done?.({ type: 'timeout' })
    }
  }

  info(body: SipBody | undefined, headers?: HeaderInput, done?: Done): void {
    this.request('INFO', { ...(headers ? { headers } : {}), ...(body ? { body } : {}) }, done)
  }

  reinvite(sdp: string | Buffer, headers?: HeaderInput, done?: Done): void {
    this.session.reinvite(sdp, headers, done)
  }

  update(sdp: string | Buffer | undefined, headers?: HeaderInput, done?: Done): void {
    this.session.update(sdp, headers, done)
  }

  request(method: string, options: { headers?: HeaderInput; body?: SipBody } = {}, done?: Done): void {
    if (this.#ended) {
      queueMicrotask(() =>
        this.#tell(() => done?.({ type: 'transport failed', error: new Error('the dialog is over') })),
      )
      return
    }
    this.#send(
      () => this.build(method, options.headers, options.body),
      (outcome) => {
        this.#tell(() => done?.(outcome))
        // RFC 5057 §5.1: who does not take a NOTIFY has ended what it tells of; a PRACK that comes late says nothing at all
        if (method !== 'NOTIFY' && method !== 'PRACK') this.watchForEnd(outcome)
      },
    )
  }

  /** Says goodbye at once where a BYE still waits for an ACK, and stops every timer: the stack is stopping. */
  shutDown(): void {
    this.#waitingBye?.()
    this.#answer?.stop()
    this.session.stop()
    this.#gone()
  }

  /** Nobody finds it any more. */
  forget(): void {
    this.#answer?.stop()
    this.#answer = undefined
    this.session.stop()
    this.core.removeDialog(this)
    this.#gone()
  }

  // ── InDialog: what its session asks of it ──────────────────────────────────────────────────────────────────────────

  build(method: string, headers?: HeaderInput, body?: SipBody): SipRequest {
    const concernsSession = method === 'INVITE' || method === 'UPDATE'
    return this.way.build(method, {
      headers: concernsSession ? { ...this.session.headers, ...headers } : headers,
      body,
    })
  }

  /** §12.2.1.2: 481, 408 and silence say that the peer does not have the dialog any more. */
  watchForEnd(outcome: Outcome): void {
    const gone =
      outcome.type === 'timeout' ||
      (outcome.type === 'response' && (outcome.response.status === 481 || outcome.response.status === 408))
    if (gone) this.#giveUp('peer gone')
  }

  expired(): void {
    this.#giveUp('session expired')
  }

  #dispatch(transaction: ServerTransaction): void {
    const { method } = transaction.request
    if (method === 'INVITE' || method === 'UPDATE') this.session.receive(transaction, method)
    else if (method === 'OPTIONS') this.#refuse(transaction, 200, { defaults: capabilities(this.core) })
    else if (method === 'PRACK') {
      if (this.onPrack) this.onPrack(transaction)
      else this.#refuse(transaction, 481)
    } else if (!isKnownMethod(method)) this.#refuse(transaction, 501, { defaults: capabilities(this.core) })
    else {
      const handle = new RequestHandle(this.core, transaction, this.source)
      const run = method === 'INFO' ? () => this.#user.info(handle) : () => this.#user.other(handle)
      if (!this.#tell(run) && !handle.answered) handle.respond(500)
    }
  }

  #bye(transaction: ServerTransaction): void {
    this.#refuse(transaction, 200)
    const early = this.#early
    if (early) {
      early.bye(transaction.request)
      return
    }
    const known = this.#ended
    this.#ended = true
    this.#waitingBye = undefined
    this.forget()
    // a BYE that crossed ours ends nothing new: `ended` tells of it
    if (!known) this.#tell(() => this.#user.bye(transaction.request))
  }

  #gone(): void {
    const { onGone } = this
    this.onGone = undefined
    onGone?.()
  }

  #confirm(): void {
    this.#confirmed = true
    this.#waitingBye?.()
  }

  /** The dialog is lost: we say BYE, whoever still listens, and tell the user. */
  #giveUp(cause: 'peer gone' | 'ack timeout' | 'session expired'): void {
    if (this.#ended || this.#early) return
    this.#ended = true
    const headers = cause === 'session expired' ? { Reason: 'SIP;cause=408;text="Session expired"' } : undefined
    this.#sendBye(headers, () => {})
    this.forget()
    this.#tell(() => this.#user.ended?.(cause))
  }

  /** A connection that breaks under a BYE leaves one more way: where the phone is then. */
  #sendBye(headers: HeaderInput | undefined, done: Done): void {
    let wasAlive = false
    const build = () => {
      wasAlive = this.flow.alive
      return this.build('BYE', headers)
    }
    this.#send(build, (outcome) => {
      if (outcome.type === 'transport failed' && wasAlive && !this.flow.alive) this.#sendBye(headers, done)
      else done(outcome)
    })
  }

  /** Sends a request of ours; one that is challenged goes out again with an answer. */
  #send(build: () => SipRequest, done: Done, tries = 0): void {
    this.way.whenKnown(() => {
      const request = builtOr(done, build)
      if (!request) return
      this.core.send(request, this.way.hop(), {
        done: (outcome) => {
          if (this.way.challenged(request, outcome, tries)) this.#send(build, done, tries + 1)
          else done(outcome)
        },
      })
    })
  }

  #refuse(transaction: ServerTransaction, status: number, options: Parameters<typeof answer>[3] = {}): void {
    transaction.respond(answer(this.core, transaction.request, status, options))
  }

  #tell(run: () => void): boolean {
    return this.core.guarded('dialog', run)
  }
}
