/**
 * Which sender is believed. Learning is armed by each new SDP and closes shortly after the first packet of somebody who
 * is known from SDP or signalling; meanwhile the
 * address of the SDP wins if it sends, then its host, then the host that signalling comes from. Once closed, only the
 * same SSRC with continuing sequence may come from elsewhere, and only after three seconds of silence (a phone that
 * moved). Everything else is somebody who guessed a port.
 */

/** How long after the first accepted packet a better address may still take over. */
const LEARNING_MS = 3_000
/** While learning: how long the present source must be silent before an equally good one takes over. */
const STEP_ASIDE_MS = 500
/** Once closed: how long it must be silent before the same stream may come from elsewhere. */
const MOVE_AFTER_MS = 3_000
const PACKETS_PER_MS_AT_MOST = 0.1
const SLACK_PACKETS = 100

export interface ExpectedSource {
  address: string
  port: number
}

export type Verdict = 'accepted' | 'moved' | 'foreign'

export class Source {
  #expected: ExpectedSource | undefined
  #signalling: string | undefined
  #armed = true
  #closesMs = Number.POSITIVE_INFINITY
  #heardMs = Number.NEGATIVE_INFINITY
  #ssrc = 0
  #sequence = 0
  /** The source believed now; empty before the first packet. */
  address = ''
  port = 0

  /** A new SDP: learning starts again. The present source stays until something better, or somebody else, speaks. */
  expect(expected: ExpectedSource | undefined, signalling: string | undefined): void {
    this.#expected = expected
    this.#signalling = signalling
    this.#armed = true
    this.#closesMs = Number.POSITIVE_INFINITY
  }

  /** Judges one packet and, where it is accepted, remembers it. `moved` = from another address than the last. */
  judge(address: string, port: number, ssrc: number, sequence: number, nowMs: number): Verdict {
    if (this.#armed && nowMs >= this.#closesMs) this.#armed = false
    const same = port === this.port && address === this.address
    if (!same && !this.#mayReplace(address, port, ssrc, sequence, nowMs)) return 'foreign'
    this.address = address
    this.port = port
    if (this.#armed && this.#closesMs === Number.POSITIVE_INFINITY && !this.#isStranger())
      this.#closesMs = nowMs + LEARNING_MS
    this.#ssrc = ssrc
    this.#sequence = sequence
    this.#heardMs = nowMs
    return same ? 'accepted' : 'moved'
  }

  #mayReplace(address: string, port: number, ssrc: number, sequence: number, nowMs: number): boolean {
    if (this.address === '') return true
    const silentMs = nowMs - this.#heardMs
    if (this.#armed) {
      const better = this.#rank(address, port) - this.#rank(this.address, this.port)
      if (better > 0 || (better === 0 && silentMs >= STEP_ASIDE_MS)) return true
    }
    if (silentMs < MOVE_AFTER_MS || ssrc !== this.#ssrc) return false
    const ahead = (sequence - this.#sequence) & 0xffff
    return ahead > 0 && ahead <= silentMs * PACKETS_PER_MS_AT_MOST + SLACK_PACKETS
  }

  /** Neither what the SDP says nor the host that signals: whoever is one of them may still take over, however late. */
  #isStranger(): boolean {
    return this.#signalling !== undefined && this.#rank(this.address, this.port) === 0
  }

  #rank(address: string, port: number): number {
    if (address === this.#expected?.address) return port === this.#expected.port ? 3 : 2
    return address === this.#signalling ? 1 : 0
  }
}
