import { capabilities } from '../capabilities.ts'
import type { Core } from '../core.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'
import type { DialogUser, Outcome, SipBody } from '../transaction-user.ts'
import { builtOr } from './built-or.ts'
import type { DialogState } from './dialog-state.ts'
import type { DialogWay } from './dialog-way.ts'
import { busyRetryAfter, retryAfterGlareMs } from './glare.ts'
import { PeerOffer } from './peer-offer.ts'
import { answer } from './request-handle.ts'
import {
  type Agreed,
  agreeAsUac,
  agreeAsUas,
  askFor,
  minSeToRefuse,
  raisedBy,
  type SessionTimerPolicy,
} from './session-interval.ts'
import { SessionTimer } from './session-timer.ts'

type Done = (outcome: Outcome) => void

/** How often a request is sent again because the other side wants a longer session interval. */
const MOST_RAISES = 3
/** A refresh that failed for whatever reason is tried again after so long; the end of the session stays where it is. */
const REFRESH_AGAIN_MS = 10_000

/** How often a request has been sent again, for a longer interval and for a challenge. */
interface Tries {
  readonly raises: number
  readonly answers: number
}

const FIRST: Tries = { raises: 0, answers: 0 }

/** What the session of a dialog needs of it. */
export interface InDialog {
  readonly core: Core
  readonly user: DialogUser
  readonly state: DialogState
  readonly ended: boolean
  /** Its INVITE has no final answer yet. */
  readonly early: boolean
  /** A 2xx of ours has still to leave, or waits for its ACK; `offer`: which brings the answer to its offer. */
  readonly unacknowledged: 'unsent' | 'sent' | 'offer' | undefined
  readonly way: DialogWay
  /** The next request of ours, with what the session adds to it. */
  build(method: string, headers?: HeaderInput, body?: SipBody): SipRequest
  answerInvite(
    transaction: ServerTransaction,
    response: SipResponse,
    handlers: { acked(ack: SipRequest): void; gaveUp(): void },
  ): void
  watchForEnd(outcome: Outcome): void
  expired(): void
}

/**
 * The session of one dialog: one offer at a time, whichever side makes it (RFC 3261 §14, RFC 3311), and the time that it may
 * stand without a refresh (RFC 4028).
 */
export class SessionChanges {
  readonly #dialog: InDialog
  readonly #timer: SessionTimer
  #policy: SessionTimerPolicy
  /** An offer of ours waits for its answer. */
  #ours = false
  #theirs: PeerOffer | undefined
  /** Whose offer began it, as long as no reliable answer has come: in an early dialog. */
  #unanswered: 'ours' | 'theirs' | undefined
  #peerTakesUpdate = false

  constructor(dialog: InDialog, unanswered: 'ours' | 'theirs' | undefined) {
    this.#dialog = dialog
    this.#policy = dialog.core.sessionTimer
    this.#unanswered = unanswered
    this.#timer = new SessionTimer({
      clock: dialog.core.clock,
      refresh: () => this.#refresh(),
      expired: () => dialog.expired(),
    })
  }

  /** The first offer has its answer. */
  settled(): void {
    this.#unanswered = undefined
  }

  /** Our first offer went out in a provisional response, and its PRACK has not brought the answer. */
  get isOurOfferOpen(): boolean {
    return this.#unanswered === 'ours'
  }

  /** Our 2xx to the INVITE, or that of the peer, has begun the session. */
  begin(message: SipMessage, agreed: Agreed | undefined, policy?: SessionTimerPolicy): void {
    this.settled()
    this.#policy = policy ?? this.#policy
    this.#learn(message)
    this.#timer.restart(agreed)
  }

  /** What an INVITE or UPDATE of ours says of the time that the session may stand. */
  get headers(): HeaderInput {
    const { agreed } = this.#timer
    return agreed ? askFor(this.#policy, agreed) : {}
  }

  stop(): void {
    this.#timer.stop()
    this.#theirs?.cancel()
  }

  /** A re-INVITE, UPDATE or PRACK of the peer that concerns the session. */
  receive(transaction: ServerTransaction, method: 'INVITE' | 'UPDATE' | 'PRACK'): void {
    const { request } = transaction
    const { core, early } = this.#dialog
    const leastSeconds = method === 'PRACK' || early ? undefined : minSeToRefuse(request, this.#policy)
    if (leastSeconds !== undefined) {
      transaction.respond(answer(core, request, 422, { headers: { 'Min-SE': String(leastSeconds) } }))
      return
    }
    if (method === 'UPDATE' && !request.sdp) {
      this.#dialog.way.refreshTarget(request, transaction.flow)
      const contact = { Contact: `<${this.#dialog.state.local_contact}>` }
      const headers = this.#agree(request)
      transaction.respond(answer(core, request, 200, { defaults: { ...capabilities(core), ...contact }, headers }))
      return
    }
    const refusal = this.#refusal(method)
    if (refusal) transaction.respond(answer(core, request, refusal.status, refusal))
    else this.#offered(transaction, method)
  }

  reinvite(sdp: string | Buffer, headers?: HeaderInput, done?: Done): void {
    const { ended, early, unacknowledged } = this.#dialog
    if (ended || early || unacknowledged !== undefined || this.#isBusy) {
      this.#glare(done)
      return
    }
    this.#ours = true
    this.#dialog.way.whenKnown(() => this.#sendInvite(sdp, headers, this.#whenDone('INVITE', done)))
  }

  update(sdp: string | Buffer | undefined, headers?: HeaderInput, done?: Done): void {
    if (this.#dialog.ended || (sdp !== undefined && this.#isBusy)) {
      this.#glare(done)
      return
    }
    if (sdp !== undefined) this.#ours = true
    this.#dialog.way.whenKnown(() => this.#sendUpdate(sdp, headers, this.#whenDone('UPDATE', done, sdp !== undefined)))
  }

  get #isBusy(): boolean {
    const isOffered = this.#ours || this.#dialog.unacknowledged === 'offer'
    return isOffered || this.#theirs !== undefined || this.#unanswered !== undefined
  }

  /**
   * RFC 3261 §14.2, RFC 3311 §5.2: ours is open (491), or his last one (500); in an early dialog its INVITE is. An INVITE that
   * overtakes the ACK of our 2xx gets 491 (RFC 5407 §3.1.4, §3.1.5): the ACK is on its way, and may bring an answer.
   */
  #refusal(method: 'INVITE' | 'UPDATE' | 'PRACK'): { status: number; headers?: HeaderInput } | undefined {
    const { early, state, core, unacknowledged } = this.#dialog
    const inInvite = early && method === 'INVITE' ? state.role : undefined
    const isUnacknowledged = unacknowledged === 'offer' || (method === 'INVITE' && unacknowledged === 'sent')
    if (this.#ours || this.#unanswered === 'ours' || inInvite === 'uac' || isUnacknowledged) return { status: 491 }
    const isUnsent = method === 'INVITE' && unacknowledged === 'unsent'
    if (this.#theirs || this.#unanswered === 'theirs' || inInvite === 'uas' || isUnsent)
      return { status: 500, headers: { 'Retry-After': busyRetryAfter(core.ids) } }
    return undefined
  }

  #offered(transaction: ServerTransaction, method: 'INVITE' | 'UPDATE' | 'PRACK'): void {
    const { core } = this.#dialog
    const { request } = transaction
    const offer = new PeerOffer(core, transaction, method, {
      contact: this.#dialog.way.contactOn(transaction.flow),
      settled: () => {
        this.#theirs = undefined
      },
      agree: () => (method === 'PRACK' ? {} : this.#agree(request)),
      accepted: (response, acked) => {
        if (method !== 'PRACK') this.#dialog.way.refreshTarget(request, transaction.flow)
        if (method === 'INVITE') this.#dialog.answerInvite(transaction, response, { acked, gaveUp() {} })
        else transaction.respond(response)
      },
    })
    this.#theirs = offer
    transaction.onCancel = () => offer.cancel()
    const { user } = this.#dialog
    const told = core.guarded('dialog', () => (method === 'INVITE' ? user.reinvite(offer) : user.update(offer)))
    if (!told && !offer.answered) offer.reject(500)
  }

  /** What our 2xx says of the time that the session may stand; it counts from now on. */
  #agree(request: SipRequest): HeaderInput {
    this.#learn(request)
    if (this.#dialog.early) return {}
    const agreement = agreeAsUas(request, this.#policy, this.#timer.agreed)
    this.#timer.restart(agreement?.agreed)
    return agreement?.headers ?? {}
  }

  /** Whoever takes UPDATE says so in every message that has an Allow. */
  #learn(message: SipMessage): void {
    if (message.headers.has('allow')) this.#peerTakesUpdate = /(^|[\s,])UPDATE([\s,]|$)/.test(allowOf(message))
  }

  #sendInvite(sdp: string | Buffer, headers: HeaderInput | undefined, done: Done, again = FIRST): void {
    const { core } = this.#dialog
    const body = { type: 'application/sdp', content: sdp }
    const invite = builtOr(done, () => this.#dialog.build('INVITE', headers, body))
    if (!invite) return
    let ack: SipRequest | undefined
    core.sendInvite(invite, this.#dialog.way.hop(), {
      response: (response) => {
        if (response.status < 200) return
        if (response.status >= 300) {
          const outcome: Outcome = { type: 'response', response }
          const next = this.#again(invite, outcome, again)
          if (next) this.#sendInvite(sdp, headers, done, next)
          else done(outcome)
          return
        }
        if (ack) {
          core.sendBare(ack, this.#dialog.way.hop())
          return
        }
        this.#refreshedBy(response)
        ack = this.#dialog.way.buildAck(invite)
        core.sendBare(ack, this.#dialog.way.hop())
        done({ type: 'response', response })
      },
      failed: done,
    })
  }

  #sendUpdate(sdp: string | Buffer | undefined, headers: HeaderInput | undefined, done: Done, again = FIRST): void {
    const { core } = this.#dialog
    const body = sdp === undefined ? undefined : { type: 'application/sdp', content: sdp }
    const update = builtOr(done, () => this.#dialog.build('UPDATE', headers, body))
    if (!update) return
    core.send(update, this.#dialog.way.hop(), {
      done: (outcome) => {
        const next = this.#again(update, outcome, again)
        if (next) {
          this.#sendUpdate(sdp, headers, done, next)
          return
        }
        if (outcome.type === 'response' && outcome.response.status < 300) this.#refreshedBy(outcome.response)
        done(outcome)
      },
    })
  }

  /** A challenge that can be answered, and a 422 whose interval we take, are worth another try. */
  #again(request: SipRequest, outcome: Outcome, sofar: Tries): Tries | undefined {
    if (this.#dialog.ended || outcome.type !== 'response') return undefined
    if (this.#dialog.way.challenged(request, outcome, sofar.answers)) return { ...sofar, answers: sofar.answers + 1 }
    const policy = sofar.raises < MOST_RAISES ? raisedBy(outcome.response, this.#policy) : undefined
    if (!policy) return undefined
    this.#policy = policy
    return { ...sofar, raises: sofar.raises + 1 }
  }

  #refreshedBy(response: SipResponse): void {
    this.#dialog.way.refreshTarget(response, undefined)
    this.#learn(response)
    if (!this.#dialog.early) this.#timer.restart(agreeAsUac(response, this.#policy))
  }

  #whenDone(method: 'INVITE' | 'UPDATE', done: Done | undefined, isOffer = true): Done {
    const { core } = this.#dialog
    return (outcome) => {
      if (isOffer) this.#ours = false
      const isRefused = outcome.type === 'response' && [405, 501].includes(outcome.response.status)
      if (method === 'UPDATE' && isRefused) this.#peerTakesUpdate = false
      core.guarded('dialog', () => done?.(this.#withRetry(outcome)))
      this.#dialog.watchForEnd(outcome)
    }
  }

  #withRetry(outcome: Outcome): Outcome {
    if (outcome.type !== 'response' || outcome.response.status !== 491) return outcome
    return { ...outcome, retryInMs: this.#retryInMs() }
  }

  /** An offer is open already: the same outcome as if the peer had said so, without asking him. */
  #glare(done: Done | undefined): void {
    const outcome: Outcome = { type: 'local glare', retryInMs: this.#retryInMs() }
    queueMicrotask(() => this.#dialog.core.guarded('dialog', () => done?.(outcome)))
  }

  #retryInMs(): number {
    return retryAfterGlareMs(this.#dialog.state.role, this.#dialog.core.ids)
  }

  /** By UPDATE without an offer where the peer takes it, else by a re-INVITE with the session as it is (§7.4). */
  #refresh(): void {
    if (this.#peerTakesUpdate) {
      this.update(undefined, undefined, (outcome) => {
        if (this.#peerTakesUpdate) this.#refreshed(outcome)
        else this.#refresh() // it said so, and does not
      })
      return
    }
    const session = this.#isBusy ? undefined : this.#dialog.user.restate?.()
    if (!session) {
      this.#timer.refreshAgain(REFRESH_AGAIN_MS)
      return
    }
    this.reinvite(session.sdp, undefined, (outcome) => {
      const isTaken = outcome.type === 'response' && outcome.response.status < 300
      session.answered(isTaken ? outcome.response.sdp : undefined)
      this.#refreshed(outcome)
    })
  }

  #refreshed(outcome: Outcome): void {
    if (outcome.type === 'response' && outcome.response.status < 300) return
    const retryInMs = 'retryInMs' in outcome ? outcome.retryInMs : undefined
    this.#timer.refreshAgain(retryInMs ?? REFRESH_AGAIN_MS)
  }
}

function allowOf(message: SipMessage): string {
  return message.headers.all('allow').join(',')
}
