import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { isKnownMethod } from '../message/methods.ts'
import { contactUri, requestVia } from '../outgoing.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { Dialog, DialogUser, Outcome, SipBody } from '../transaction-user.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'
import { Answer } from './answer.ts'
import { dialogRequest } from './dialog-request.ts'
import { type DialogState, dialogKey, inOrder } from './dialog-state.ts'
import { busyRetryAfter, retryAfterGlareMs } from './glare.ts'
import { PeerOffer } from './peer-offer.ts'
import { answer, RequestHandle } from './request-handle.ts'

type Done = (outcome: Outcome) => void

/** An established dialog: requests of both sides, one offer at a time, and its end. */
export class SipDialog implements Dialog {
  readonly key: string
  readonly source: RemoteAddress
  readonly #core: Core
  readonly #user: DialogUser
  #state: DialogState
  #flow: Flow
  #ended = false
  /** Our 2xx to an INVITE that still waits for its ACK. */
  #answer: Answer | undefined
  /** The first INVITE's ACK has come, so that a BYE may leave. */
  #confirmed: boolean
  #waitingBye: (() => void) | undefined
  #ourOffer = false
  #peerOffer: PeerOffer | undefined

  constructor(at: {
    core: Core
    user: DialogUser
    state: DialogState
    flow: Flow
    source: RemoteAddress
    confirmed: boolean
  }) {
    this.#core = at.core
    this.#user = at.user
    this.#state = at.state
    this.#flow = at.flow
    this.#confirmed = at.confirmed
    this.source = at.source
    this.key = dialogKey(at.state)
  }

  get state(): DialogState {
    return this.#state
  }

  get flow(): Flow {
    return this.#flow
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Sends our 2xx to an INVITE and repeats it until its ACK. Without one the dialog ends by BYE (§13.3.1.4). */
  answerInvite(
    transaction: ServerTransaction,
    response: SipResponse,
    handlers: { acked(ack: SipRequest): void; gaveUp(): void },
  ): void {
    const { clock, timers, counters } = this.#core
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
    transaction.onAck = (ack) => mine.ack(ack)
    this.#answer = mine
    mine.send()
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
    if (!inOrder(this.#state, request.cseq.number)) {
      this.#refuse(transaction, 500, { reason: 'CSeq Out Of Order' })
      return
    }
    // a peer whose connection broke goes on over the one that it comes back by
    const back = !this.#flow.alive && this.#moveTo(transaction.flow)
    const flow = back ? { flow: this.#flow.key } : {}
    this.#set({ ...this.#state, ...flow, remote_cseq: request.cseq.number })
    if (request.method === 'BYE') this.#bye(transaction)
    else if (this.#ended) this.#refuse(transaction, 481)
    else this.#dispatch(transaction)
  }

  bye(headers?: HeaderInput, done?: Done): void {
    if (this.#ended) return
    this.#ended = true
    const leave = () => {
      this.#waitingBye = undefined
      this.#sendBye(headers, (outcome) => {
        this.#forget()
        this.#tell(() => done?.(outcome))
        this.#tell(() => this.#user.ended?.('bye'))
      })
    }
    if (this.#confirmed) leave()
    else this.#waitingBye = leave
  }

  info(body: SipBody | undefined, headers?: HeaderInput, done?: Done): void {
    this.request('INFO', { ...(headers ? { headers } : {}), ...(body ? { body } : {}) }, done)
  }

  reinvite(sdp: string | Buffer, headers?: HeaderInput, done?: Done): void {
    if (this.#ended || this.#ourOffer || this.#peerOffer || this.#answer?.waiting) {
      this.#glare(done)
      return
    }
    this.#ourOffer = true
    this.#whenHopKnown(() => this.#sendOffer(sdp, headers, done))
  }

  #sendOffer(sdp: string | Buffer, headers: HeaderInput | undefined, done: Done | undefined): void {
    const invite = this.#build('INVITE', headers, { type: 'application/sdp', content: sdp })
    let ack: SipRequest | undefined
    const finish = (outcome: Outcome) => {
      this.#ourOffer = false
      this.#tell(() => done?.(outcome))
      this.#watchForEnd(outcome)
    }
    this.#core.sendInvite(invite, this.#hop(), {
      response: (response) => {
        if (response.status < 200) return
        if (response.status >= 300) {
          finish(this.#outcomeOf(response))
          return
        }
        if (ack) {
          this.#core.sendBare(ack, this.#hop())
          return
        }
        this.#refreshTarget(response, undefined)
        ack = this.#build('ACK', undefined, undefined, invite.cseq.number)
        this.#core.sendBare(ack, this.#hop())
        finish({ type: 'response', response })
      },
      failed: finish,
    })
  }

  request(method: string, options: { headers?: HeaderInput; body?: SipBody } = {}, done?: Done): void {
    if (this.#ended) {
      queueMicrotask(() =>
        this.#tell(() => done?.({ type: 'transport failed', error: new Error('the dialog is over') })),
      )
      return
    }
    this.#whenHopKnown(() =>
      this.#core.send(this.#build(method, options.headers, options.body), this.#hop(), {
        done: (outcome) => {
          this.#tell(() => done?.(outcome.type === 'response' ? this.#outcomeOf(outcome.response) : outcome))
          // RFC 5057 §5.1: who does not take a NOTIFY has ended what it tells of, not the call
          if (method !== 'NOTIFY') this.#watchForEnd(outcome)
        },
      }),
    )
  }

  /** Says goodbye at once where a BYE still waits for an ACK, and stops every timer: the stack is stopping. */
  shutDown(): void {
    this.#waitingBye?.()
    this.#answer?.stop()
  }

  #dispatch(transaction: ServerTransaction): void {
    const { request } = transaction
    const { method } = request
    if (method === 'INVITE' || (method === 'UPDATE' && request.sdp)) this.#offered(transaction, method)
    else if (method === 'UPDATE') {
      this.#refreshTarget(request, transaction.flow)
      this.#refuse(transaction, 200, {
        defaults: { ...capabilities(this.#core), Contact: `<${this.#state.local_contact}>` },
      })
    } else if (method === 'OPTIONS') this.#refuse(transaction, 200, { defaults: capabilities(this.#core) })
    else if (method === 'PRACK') this.#refuse(transaction, 481)
    else if (!isKnownMethod(method)) this.#refuse(transaction, 501, { defaults: capabilities(this.#core) })
    else {
      const handle = new RequestHandle(this.#core, transaction, this.source)
      const run = method === 'INFO' ? () => this.#user.info(handle) : () => this.#user.other(handle)
      if (!this.#tell(run) && !handle.answered) handle.respond(500)
    }
  }

  /** A re-INVITE, or an UPDATE with an offer (§14.2, RFC 3311 §5.2). */
  #offered(transaction: ServerTransaction, method: 'INVITE' | 'UPDATE'): void {
    if (this.#ourOffer) {
      this.#refuse(transaction, 491)
      return
    }
    if (this.#peerOffer) {
      this.#refuse(transaction, 500, { headers: { 'Retry-After': busyRetryAfter(this.#core.ids) } })
      return
    }
    const offer = new PeerOffer(this.#core, transaction, method, {
      contact: contactUri(this.#core.identity.prefix, transaction.flow.listener),
      settled: () => {
        this.#peerOffer = undefined
      },
      accepted: (response, acked) => {
        this.#refreshTarget(transaction.request, transaction.flow)
        if (method === 'UPDATE') transaction.respond(response)
        else this.answerInvite(transaction, response, { acked, gaveUp() {} })
      },
    })
    this.#peerOffer = offer
    transaction.onCancel = () => offer.cancel()
    const run = method === 'INVITE' ? () => this.#user.reinvite(offer) : () => this.#user.update(offer)
    if (!this.#tell(run) && !offer.answered) offer.reject(500)
  }

  #bye(transaction: ServerTransaction): void {
    this.#refuse(transaction, 200)
    this.#peerOffer?.cancel()
    const known = this.#ended
    this.#ended = true
    this.#waitingBye = undefined
    this.#forget()
    // a BYE that crossed ours ends nothing new: `ended` tells of it
    if (!known) this.#tell(() => this.#user.bye(transaction.request))
  }

  #confirm(): void {
    this.#confirmed = true
    this.#waitingBye?.()
  }

  /** The dialog is lost: we say BYE, whoever still listens, and tell the user. */
  #giveUp(cause: 'peer gone' | 'ack timeout'): void {
    if (this.#ended) return
    this.#ended = true
    this.#sendBye(undefined, () => {})
    this.#forget()
    this.#tell(() => this.#user.ended?.(cause))
  }

  #sendBye(headers: HeaderInput | undefined, done: Done): void {
    this.#whenHopKnown(() => this.#core.send(this.#build('BYE', headers), this.#hop(), { done }))
  }

  /** §12.2.1.2: 481, 408 and silence say that the peer does not have the dialog any more. */
  #watchForEnd(outcome: Outcome): void {
    const gone =
      outcome.type === 'timeout' ||
      (outcome.type === 'response' && (outcome.response.status === 481 || outcome.response.status === 408))
    if (gone) this.#giveUp('peer gone')
  }

  #outcomeOf(response: SipResponse): Outcome {
    if (response.status !== 491) return { type: 'response', response }
    return { type: 'response', response, retryInMs: retryAfterGlareMs(this.#state.role, this.#core.ids) }
  }

  /** An offer is open already: the same outcome as if the peer had said so, without asking him. */
  #glare(done: Done | undefined): void {
    const outcome: Outcome = { type: 'local glare', retryInMs: retryAfterGlareMs(this.#state.role, this.#core.ids) }
    queueMicrotask(() => this.#tell(() => done?.(outcome)))
  }

  /** §12.2: a target refresh moves the remote target; over a phone's flow also the flow. */
  #refreshTarget(message: SipRequest | SipResponse, flow: Flow | undefined): void {
    const contact = message.contacts[0]
    const moved = flow !== undefined && this.#moveTo(flow)
    if (!contact && !moved) return
    const remote_target = contact?.uri.text ?? this.#state.remote_target
    this.#set({ ...this.#state, remote_target, flow: this.#flow.key })
  }

  /** Whether the flow is another one than before; then our Contact is that of its listener. */
  #moveTo(flow: Flow): boolean {
    const stays = this.#state.routing === 'target' && this.#flow.alive
    if (stays || flow.key === this.#state.flow) return false
    const { listener } = this.#flow
    this.#flow = flow
    if (flow.listener === listener) return true
    const local_contact = contactUri(this.#core.identity.prefix, flow.listener)
    this.#state = { ...this.#state, local_contact }
    return true
  }

  #build(method: string, headers?: HeaderInput, body?: SipBody, cseqOfInvite?: number): SipRequest {
    const cseq = cseqOfInvite ?? this.#state.local_cseq + 1
    if (cseqOfInvite === undefined) this.#set({ ...this.#state, local_cseq: cseq })
    const hop = this.#hop()
    const isElsewhere = hop.listener !== this.#flow.listener
    const defaults = method === 'INVITE' || method === 'UPDATE' ? capabilities(this.#core) : undefined
    return dialogRequest(this.#state, {
      method,
      cseq,
      via: requestVia(hop, this.#core.identity.branch()),
      contact: isElsewhere ? contactUri(this.#core.identity.prefix, hop.listener) : undefined,
      product: this.#core.product,
      headers: defaults ? { ...defaults, ...headers } : headers,
      body,
    })
  }

  #whenHopKnown(run: () => void): void {
    this.#core.whenHopKnown(this.#state, run)
  }

  #hop(): Flow {
    return this.#core.nextHop(this.#state, this.#flow)
  }

  #refuse(transaction: ServerTransaction, status: number, options: Parameters<typeof answer>[3] = {}): void {
    transaction.respond(answer(this.#core, transaction.request, status, options))
  }

  #set(state: DialogState): void {
    this.#state = state
    this.#tell(() => this.#user.changed?.(state))
  }

  #forget(): void {
    this.#answer?.stop()
    this.#answer = undefined
    this.#core.removeDialog(this)
  }

  #tell(run: () => void): boolean {
    return this.#core.guarded('dialog', run)
  }
}
