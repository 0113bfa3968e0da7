import { judgeAnswer, type MachineVerdict } from './judge.ts'

/** 20 ms. */
const FRAME = 160
/** It is judged five times a second. */
const JUDGE_EVERY = 10
const FULL_SCALE = 32_768
const SILENT_DB = -96
/** What one sine leaves of itself when it is predicted from its own past; speech and noise leave more. */
const PUREST = 0.02
/** A tone that is weaker than this is a hum of the line. dBFS. */
const WEAKEST_TONE_DB = -38
/** Where the tones of machines lie: cos of the angle that a frequency turns in a sample. 400 Hz to 2.2 kHz. */
const LOWEST = Math.cos((2 * Math.PI * 2_200) / 8_000)
const HIGHEST = Math.cos((2 * Math.PI * 400) / 8_000)
/** The frequency of a tone may drift by this much of that measure from frame to frame. */
const STEADY = 0.03

/** Listens to a call that was just answered, 8 kHz, until it knows who did, or that it cannot know. */
export class MachineDetector {
  readonly #onVerdict: (verdict: MachineVerdict) => void
  readonly #frame = new Int16Array(FRAME)
  readonly #levels: number[] = []
  readonly #tones: boolean[] = []
  #filled = 0
  #pitch = 0
  #isOver = false

  constructor(onVerdict: (verdict: MachineVerdict) => void) {
    this.#onVerdict = onVerdict
  }

  /** Listens to `count` more samples, silence included: they are its clock. Tells its verdict once. */
  listen(samples: Int16Array, count: number): void {
    for (let i = 0; i < count && !this.#isOver; i++) {
      this.#frame[this.#filled++] = samples[i] as number
      if (this.#filled < FRAME) continue
      this.#filled = 0
      this.#take()
    }
  }

  #take(): void {
    const level = this.#level()
    this.#levels.push(level)
    this.#tones.push(level > WEAKEST_TONE_DB && this.#isTone())
    if (this.#levels.length % JUDGE_EVERY > 0) return
    const verdict = judgeAnswer({ levels: this.#levels, tones: this.#tones })
    if (!verdict) return
    this.#isOver = true
    this.#onVerdict(verdict)
  }

  #level(): number {
    let energy = 0
    for (let i = 0; i < FRAME; i++) energy += (this.#frame[i] as number) ** 2
    return energy === 0 ? SILENT_DB : 10 * Math.log10(energy / FRAME / FULL_SCALE ** 2)
  }

  /**
   * Whether the frame is one sine, and the one of the frame before: a sine is twice its last sample times the cosine of its
   * angle, less the sample before, so that one number predicts it whole.
   */
  #isTone(): boolean {
    let cross = 0
    let middle = 0
    for (let i = 1; i + 1 < FRAME; i++) {
      const ends = (this.#frame[i - 1] as number) + (this.#frame[i + 1] as number)
      cross += ends * (this.#frame[i] as number)
      middle += (this.#frame[i] as number) ** 2
    }
    const cosine = middle === 0 ? 0 : cross / (2 * middle)
    const isSame = Math.abs(cosine - this.#pitch) < STEADY
    this.#pitch = cosine
    if (!isSame || cosine < LOWEST || cosine > HIGHEST) return false
    let missed = 0
    for (let i = 1; i + 1 < FRAME; i++) {
      const ends = (this.#frame[i - 1] as number) + (this.#frame[i + 1] as number)
      missed += (ends - 2 * cosine * (this.#frame[i] as number)) ** 2
    }
    return missed < PUREST * middle
  }
}
