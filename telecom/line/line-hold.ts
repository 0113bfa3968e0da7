import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { CodecName } from '#telecom/sdp'
import type { Dialog, Outcome } from '#telecom/sip'
import type { LineSession } from './line-session.ts'

/** When to try again where an offer of the other side waits for its ACK. */
const AFTER_OFFER_MS = 200
/** When to try again where no way led to the phone. */
const AFTER_LOSS_MS = 5_000

export interface LineHoldNeeds {
  clock: Clock
  log: Log
  dialog(): Dialog | undefined
  session(): LineSession | undefined
  /** What was agreed has changed. */
  renegotiated(): void
}

/**
 * Our hold of an answered leg, as its phone is told: a re-INVITE that offers `sendonly`, and `sendrecv` with the codec of
 * before to take it back. Where both sides offered at once (491) it is said again after the time of RFC 3261 §14.1; a phone
 * that refuses is not asked twice. There is one re-INVITE at a time, and the last wish wins: what we say of the session from
 * then on, also in answers, follows it at once.
 */
export class LineHold {
  readonly #needs: LineHoldNeeds
  #wanted = false
  /** What the phone knows, or has refused. */
  #told = false
  #isAsking = false
  #again: Timer | undefined
  /** The codec from before the hold. */
  #codec: CodecName | undefined

  constructor(needs: LineHoldNeeds) {
    this.#needs = needs
  }

  /** Holds the leg or takes it back; saying the same again changes nothing. */
  want(held: boolean): void {
    if (held === this.#wanted) return
    this.#wanted = held
    if (held) this.#codec ??= this.#needs.session()?.negotiated?.codec
    this.#tell()
  }

  /**
   * Something was agreed, perhaps by an offer of the phone: who was told of a hold by our answer to it has to be told of its
   * end. An end is told by an offer of ours alone: an answer cannot give back what the offer does not ask for.
   */
  agreed(): void {
    if (this.#needs.session()?.agreedDirection === 'sendonly') this.#told = true
    this.#tell()
  }

  /** The leg is over. */
  stop(): void {
    this.#again?.cancel()
    this.#again = undefined
  }

  #tell(): void {
    const session = this.#needs.session()
    const dialog = this.#needs.dialog()
    if (!session || !dialog || dialog.ended) return
    session.direction = this.#wanted ? 'sendonly' : 'sendrecv'
    if (this.#isAsking || this.#again) return
    if (this.#told === this.#wanted) {
      if (!this.#wanted) this.#codec = undefined
      return
    }
    if (session.offering) {
      this.#tellIn(AFTER_OFFER_MS)
      return
    }
    const held = this.#wanted
    this.#isAsking = true
    dialog.reinvite(session.offerAgain(this.#codec), undefined, (outcome) => this.#done(outcome, held))
  }

  #tellIn(ms: number): void {
    this.#again = this.#needs.clock.after(ms, () => {
      this.#again = undefined
      this.#tell()
    })
  }

  #done(outcome: Outcome, held: boolean): void {
    this.#isAsking = false
    const session = this.#needs.session()
    const dialog = this.#needs.dialog()
    if (!session || !dialog || dialog.ended) return
    if ('retryInMs' in outcome && outcome.retryInMs !== undefined) {
      session.forgetOffer()
      this.#tellIn(outcome.retryInMs)
      return
    }
    if (outcome.type !== 'response') {
      session.forgetOffer()
      // a phone that says nothing is about to be given up; one that was not reached may be back in a moment
      if (outcome.type === 'transport failed') this.#tellIn(AFTER_LOSS_MS)
      return
    }
    this.#told = held
    if (this.#isTaken(session, outcome.response)) this.#needs.renegotiated()
    else {
      session.forgetOffer()
      this.#needs.log.info({ held, status: outcome.response.status }, 'a phone did not go along with a hold')
    }
    this.#tell()
  }

  #isTaken(session: LineSession, { status, sdp }: { status: number; sdp: Buffer | undefined }): boolean {
    return status < 300 && sdp !== undefined && 'negotiated' in session.accept(sdp.toString('utf8'))
  }
}
