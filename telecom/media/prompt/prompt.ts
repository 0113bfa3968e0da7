import type { PromptOutcome } from '../media-event.ts'
import { Tone } from '../tone.ts'
import type { PromptPart } from '../wanted-media.ts'
import { FilePlayer } from './file-player.ts'
import { KeysPlayer } from './keys-player.ts'
import { type PartPlayer, WAITING } from './part-player.ts'
import type { SoundLibrary } from './sound-library.ts'

/** A file that gives nothing for so long is given up: disk or network storage hangs. */
const LONGEST_WAIT_SAMPLES = 8_000 * 10
const MOST_ISSUES = 16

export interface PromptNeeds {
  library: SoundLibrary
  /** Sends a key as a telephone event; `undefined` = in-band. Asked anew for each part. */
  press: () => ((key: string, holdSamples: number, gapSamples: number) => void) | undefined
}

/** Plays parts one after the other, without a gap, and the next one is opened while the present one plays. */
export class Prompt {
  readonly #parts: readonly PromptPart[]
  readonly #loop: boolean
  readonly #needs: PromptNeeds
  readonly unreadable: { file: string; issue: string }[] = []
  #at = 0
  #current: PartPlayer | undefined
  #prepared: { at: number; player: PartPlayer } | undefined
  #waited = 0
  #playedInRound = 0
  #over = false

  constructor(parts: readonly PromptPart[], loop: boolean, needs: PromptNeeds) {
    this.#parts = parts
    this.#loop = loop
    this.#needs = needs
    this.#prepare(0)
  }

  /** Fills `count` samples, with silence where it has none. False once it was over before this call. */
  fill(into: Int16Array, count: number): boolean {
    if (this.#over) return false
    let at = 0
    while (at < count) {
      const player = this.#current ?? this.#advance()
      if (!player) break
      const written = player.read(into, at, count - at)
      if (written > 0) {
        at += written
        this.#waited = 0
        this.#playedInRound += written
      } else if (written === WAITING && this.#waited < LONGEST_WAIT_SAMPLES) {
        this.#waited += count - at
        break
      } else this.#end(player, written === WAITING)
    }
    into.fill(0, at, count)
    return at > 0 || !this.#over
  }

  /** Whether all of it has been played. */
  get over(): boolean {
    return this.#over
  }

  get outcome(): PromptOutcome {
    if (!this.#over) return 'stopped'
    return this.unreadable.length > 0 ? 'unreadable' : 'played'
  }

  /** Lets go of files. */
  close(): void {
    this.#current?.close()
    this.#prepared?.player.close()
  }

  #advance(): PartPlayer | undefined {
    if (this.#at >= this.#parts.length) {
      // a loop in which nothing sounds would spin for ever
      if (!this.#loop || this.#playedInRound === 0) {
        this.#over = true
        return undefined
      }
      this.#at = 0
      this.#playedInRound = 0
    }
    if (this.#prepared?.at !== this.#at) this.#prepare(this.#at)
    this.#current = this.#prepared?.player
    this.#prepared = undefined
    const next = this.#at + 1
    this.#prepare(this.#loop && next === this.#parts.length ? 0 : next)
    return this.#current
  }

  #prepare(at: number): void {
    const part = this.#parts[at]
    if (part) this.#prepared = { at, player: this.#open(part) }
  }

  #open(part: PromptPart): PartPlayer {
    if ('file' in part) return new FilePlayer(part.file, this.#needs.library)
    if ('tone' in part) return timed(new Tone(part.tone.hz, part.tone.durationMs, part.tone.level))
    if ('digits' in part) return new KeysPlayer(part.digits, part.durationMs, part.gapMs, this.#needs.press())
    return timed(new Tone([], part.silenceMs))
  }

  #end(player: PartPlayer, gaveUp: boolean): void {
    const part = this.#parts[this.#at]
    const issue = gaveUp ? 'nothing could be read for 10 s' : player.issue
    if (part && 'file' in part && issue && this.unreadable.length < MOST_ISSUES)
      this.unreadable.push({ file: part.file, issue })
    player.close()
    this.#current = undefined
    this.#waited = 0
    this.#at++
  }
}

const timed = (tone: Tone): PartPlayer => ({
  read: (into, offset, count) => tone.read(into, offset, count),
  close: () => {},
})
