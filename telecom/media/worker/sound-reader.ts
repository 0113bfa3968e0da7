import type { SoundRing } from './sound-ring.ts'

/** Further behind than this (100 ms), what was missed is given up. */
const FURTHEST_BEHIND = 800
/** A whole frame that was never needed for so long is left out at the next silence. */
const WINDOW_SAMPLES = 16_000
const FRAME = 160
/** A frame whose loudest sample is below this is silence (about −50 dBm0). */
const SILENCE = 80

/**
 * One reader of a ring: it starts with what is written next, so that it is at most one tick late, whatever the order of
 * the two ticks. A writer that comes late costs a silent frame once and makes the delay longer, until a silence lets it
 * become shorter again.
 */
export class SoundReader {
  #ring: SoundRing | undefined
  #at = 0
  #spare = Number.POSITIVE_INFINITY
  #windowLeft = WINDOW_SAMPLES

  /** Reads the next `count` samples of this ring; where there are none, silence. */
  read(ring: SoundRing | undefined, into: Int16Array, count: number): void {
    if (!ring || ring !== this.#ring) {
      this.#start(ring)
      into.fill(0, 0, count)
      return
    }
    const ahead = (ring.written - this.#at) | 0
    if (ahead < 0 || ahead > FURTHEST_BEHIND) this.#at = (ring.written - FRAME) | 0
    let there = Math.min((ring.written - this.#at) | 0, count)
    ring.copy(this.#at, into, there)
    if (this.#mayShorten(ring, count) && isSilent(into, there)) {
      this.#at = (this.#at + there) | 0
      there = Math.min((ring.written - this.#at) | 0, count)
      ring.copy(this.#at, into, there)
    }
    into.fill(0, there, count)
    this.#at = (this.#at + there) | 0
  }

  #start(ring: SoundRing | undefined): void {
    this.#ring = ring
    this.#at = ring?.written ?? 0
    this.#startWindow()
  }

  #startWindow(): void {
    this.#spare = Number.POSITIVE_INFINITY
    this.#windowLeft = WINDOW_SAMPLES
  }

  /** Whether all of the last seconds would have done with a frame less in store. */
  #mayShorten(ring: SoundRing, count: number): boolean {
    this.#spare = Math.min(this.#spare, ((ring.written - this.#at) | 0) - count)
    this.#windowLeft -= count
    if (this.#windowLeft > 0) return false
    if (this.#spare >= FRAME) return true
    this.#startWindow()
    return false
  }
}

function isSilent(samples: Int16Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (Math.abs(samples[i] as number) > SILENCE) return false
  return true
}
