import {
  acceptAnswer,
  answerOffer,
  type CodecName,
  type Direction,
  type LocalMedia,
  makeOffer,
  type Negotiated,
  type Unacceptable,
} from '#telecom/sdp'

/** All that we speak, where the leg has no preference of its own. */
const CODECS: readonly CodecName[] = ['PCMU', 'PCMA']

/** The SIP status for a session that cannot be: a description that cannot be read is 400, everything else 488. */
function statusOf(unacceptable: Unacceptable): 400 | 488 {
  return unacceptable === 'malformed' ? 400 : 488
}

export type SessionStep = { sdp: string; negotiated: Negotiated } | { status: 400 | 488; why: string }

interface Said {
  readonly sdp: string
  readonly direction: Direction
}

/**
 * The offer/answer machine of one leg (RFC 3264): what we have said, what was agreed, and at most one offer of ours that
 * waits for its answer. A step that fails leaves everything as it was.
 */
export class LineSession {
  readonly #address: string
  readonly #port: number
  readonly #sessionId: string
  readonly #codecs: readonly CodecName[] | undefined
  /** What we are willing to do: `sendonly` while we hold the other side. It goes into every description from now on. */
  direction: Direction = 'sendrecv'
  #version = 0
  /** Our last description, and what we were willing to do when we gave it. */
  #said: Said = { sdp: '', direction: 'sendrecv' }
  /** Our part of what was agreed last. */
  #agreed: Said | undefined
  #offered: LocalMedia | undefined
  /** Our first offer: each fork of an INVITE may answer it. */
  #firstOffer: LocalMedia | undefined
  #negotiated: Negotiated | undefined

  constructor(local: { address: string; port: number; sessionId: string; codecs?: readonly CodecName[] }) {
    this.#address = local.address
    this.#port = local.port
    this.#sessionId = local.sessionId
    this.#codecs = local.codecs
  }

  /** What was agreed last; `undefined` before the first answer. */
  get negotiated(): Negotiated | undefined {
    return this.#negotiated
  }

  /** Our last description, but for an offer that found no answer. */
  get said(): string {
    return this.#said.sdp
  }

  /** What we were willing to do in what was agreed last; `direction` may say something else since. */
  get agreedDirection(): Direction | undefined {
    return this.#agreed?.direction
  }

  /** An offer of ours waits for its answer: until then none of the other side can be taken (RFC 3264 §4). */
  get offering(): boolean {
    return this.#offered !== undefined
  }

  /** Takes an offer of the other side and gives our answer. */
  answer(offer: string): SessionStep {
    const answered = this.#write((local) => {
      const made = answerOffer(offer, local)
      return 'sdp' in made ? made : { failed: made }
    })
    if ('failed' in answered) return { status: statusOf(answered.failed.unacceptable), why: answered.failed.why }
    this.#negotiated = answered.negotiated
    this.#agreed = this.#said
    this.#offered = undefined
    return answered
  }

  /** Makes an offer; `accept` takes its answer. */
  offer(): string {
    const { sdp, local } = this.#write((media) => ({ sdp: makeOffer(media), local: media }))
    this.#offered = local
    this.#firstOffer ??= local
    return sdp
  }

  /** What was said last, offered once more word for word (RFC 4028 §7.4); `accept` takes its answer. */
  restate(): string {
    this.#offered = {
      ...this.#local(this.#version),
      direction: this.#said.direction,
      ...(this.#negotiated ? { telephoneEvent: this.#negotiated.telephoneEventReceive } : {}),
    }
    return this.#said.sdp
  }

  /**
   * Offers anew within the session: what was agreed comes first (or `prefer`), keys under the number that they have
   * (RFC 3264 §8.3.2).
   */
  offerAgain(prefer: CodecName | undefined): string {
    const agreed = this.#negotiated
    const codecs = new Set([prefer, agreed?.codec, ...(this.#codecs ?? CODECS)].filter((codec) => codec !== undefined))
    const { sdp, local } = this.#write((media) => {
      const local = {
        ...media,
        codecs: [...codecs],
        ...(agreed ? { telephoneEvent: agreed.telephoneEventReceive } : {}),
      }
      return { sdp: makeOffer(local), local }
    })
    this.#offered = local
    return sdp
  }

  /** Takes the answer to the last offer. */
  accept(answer: string): { negotiated: Negotiated } | { why: string } {
    if (!this.#offered) return { why: 'no offer waits for an answer' }
    const accepted = acceptAnswer(this.#offered, answer)
    this.#offered = undefined
    if ('unacceptable' in accepted) return { why: accepted.why }
    this.#negotiated = accepted.negotiated
    this.#agreed = this.#said
    return accepted
  }

  /**
   * Takes an answer to our first offer, in place of one that was taken before: provisional answers of several forks, and
   * the final one. One that cannot be taken leaves everything as it was.
   */
  acceptOfFork(answer: string): boolean {
    const accepted = this.#firstOffer && acceptAnswer(this.#firstOffer, answer)
    if (!accepted || 'unacceptable' in accepted) return false
    this.#offered = undefined
    this.#negotiated = accepted.negotiated
    this.#agreed = this.#said
    return true
  }

  /** Our offer found no answer: back to what was agreed before. */
  forgetOffer(): void {
    this.#offered = undefined
    if (this.#agreed) this.#said = this.#agreed
  }

  /**
   * `o=`: the version goes up by one with each description that differs from the last (RFC 3264 §8), so it is written
   * with the old version first and again where something else changed.
   */
  #write<T extends { sdp: string } | { failed: unknown }>(write: (local: LocalMedia) => T): T {
    const same = write(this.#local(this.#version))
    if (!('sdp' in same)) return same
    const { direction } = this
    if (same.sdp === this.#said.sdp) {
      this.#said = { sdp: same.sdp, direction }
      return same
    }
    const version = this.#said.sdp === '' ? this.#version : this.#version + 1
    const made = version === this.#version ? same : write(this.#local(version))
    if ('sdp' in made) {
      this.#version = version
      this.#said = { sdp: made.sdp, direction }
    }
    return made
  }

  #local(version: number): LocalMedia {
    return {
      address: this.#address,
      port: this.#port,
      sessionId: this.#sessionId,
      version,
      direction: this.direction,
      ...(this.#codecs ? { codecs: this.#codecs } : {}),
    }
  }
}
