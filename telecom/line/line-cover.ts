import type { Cover, MuteDirection, PromptPart } from '#telecom/media'
import { HOLD_MUSIC } from './hold-music.ts'

/**
 * What sounds over everything else of a leg: words that are to be said at once, else music while we hold it or it was
 * asked for, else silence that was asked for. Each is wanted for itself, and what it covers goes on afterwards.
 */
export class LineCover {
  readonly #newId: () => string
  #announcement: Cover | undefined
  #music: Cover | undefined
  #held = false
  #musicAsked = false
  #silenceAsked = false
  #muted: MuteDirection | undefined

  /** `newId` names the music, anew each time it begins. */
  constructor(newId: () => string) {
    this.#newId = newId
  }

  get cover(): Cover | undefined {
    return this.#announcement ?? this.#music ?? (this.#silenceAsked ? { kind: 'silence' } : undefined)
  }

  /** A party that we hold is not heard, whether or not its phone goes along with it. */
  get mute(): MuteDirection | undefined {
    if (!this.#held) return this.#muted
    return this.#muted === undefined || this.#muted === 'in' ? 'in' : 'both'
  }

  hold(held: boolean): void {
    this.#held = held
    this.#setMusic()
  }

  music(on: boolean): void {
    this.#musicAsked = on
    this.#setMusic()
  }

  silence(on: boolean): void {
    this.#silenceAsked = on
  }

  muteSound(direction: MuteDirection | undefined): void {
    this.#muted = direction
  }

  announce(prompt_id: string, parts: readonly PromptPart[]): void {
    this.#announcement = { kind: 'prompt', prompt_id, parts }
  }

  /** A prompt has ended; whether it was the announcement, which leaves the place to what is below. */
  ended(prompt_id: string): boolean {
    const isOver = this.#announcement?.kind === 'prompt' && this.#announcement.prompt_id === prompt_id
    if (isOver) this.#announcement = undefined
    return isOver
  }

  #setMusic(): void {
    if (!this.#held && !this.#musicAsked) this.#music = undefined
    else this.#music ??= { kind: 'prompt', prompt_id: this.#newId(), parts: HOLD_MUSIC, loop: true }
  }
}
