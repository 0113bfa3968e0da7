import type { DialogUser, SessionChange, SipRequest } from '#telecom/sip'
import type { LineSession } from './line-session.ts'

export interface SessionOffersNeeds {
  /** `undefined`: the leg is over, or has none. */
  session(): LineSession | undefined
  /** Whether an offer comes from where the session is. */
  mayChange(request: SipRequest): boolean
  /** Something new was agreed. */
  renegotiated(): void
}

/** Offers within the dialog of a leg, ours and the peer's (RFC 3264 §8): hold, another address, another codec. */
export class SessionOffers {
  readonly #needs: SessionOffersNeeds

  constructor(needs: SessionOffersNeeds) {
    this.#needs = needs
  }

  /** A re-INVITE or UPDATE of the peer. What we cannot take leaves the session as it is. */
  change(change: SessionChange) {
    const session = this.#needs.session()
    if (!session) return change.reject(481)
    if (!this.#needs.mayChange(change.request)) return change.reject(488)
    if (change.offer === undefined) {
      if (change.method === 'UPDATE') return change.accept({})
      if (session.offering) return change.reject(491)
      const sdp = session.offerAgain(session.negotiated?.codec)
      return change.accept({ sdp, acked: (ack) => void this.takeAnswer(ack) })
    }
    if (session.offering) return change.reject(491) // RFC 5407 §3.1.4: ours went out in a 200 whose ACK has not come
    const step = session.answer(change.offer.toString('utf8'))
    if ('status' in step) return change.reject(step.status)
    change.accept({ sdp: step.sdp })
    this.#needs.renegotiated()
  }

  /** The session as it is, offered once more by a re-INVITE that only refreshes it; its answer may say something new. */
  restate(): ReturnType<NonNullable<DialogUser['restate']>> {
    const session = this.#needs.session()
    if (!session || session.offering) return undefined
    return {
      sdp: session.restate(),
      answered: (sdp) => {
        if (sdp && 'negotiated' in session.accept(sdp.toString('utf8'))) this.#needs.renegotiated()
        else session.forgetOffer()
      },
    }
  }

  /** The ACK of a 200 of ours that carried an offer; false where there is no answer in it that we can take. */
  takeAnswer(ack: SipRequest): boolean {
    const session = this.#needs.session()
    const accepted = ack.sdp && session?.accept(ack.sdp.toString('utf8'))
    if (!accepted || !('negotiated' in accepted)) {
      session?.forgetOffer()
      return false
    }
    this.#needs.renegotiated()
    return true
  }
}
