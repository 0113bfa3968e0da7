import type { MediaEvent } from '../media-event.ts'
import { Prompt, type PromptNeeds } from '../prompt/prompt.ts'
import type { Sending } from '../wanted-media.ts'

export interface PromptSlotNeeds extends PromptNeeds {
  on: (event: MediaEvent) => void
  /** A prompt ends before its time: keys of it that wait are not pressed any more. */
  cutOff: () => void
}

/** Room for one prompt. Each that begins is told of once when it ends, and one that is over does not begin again. */
export class PromptSlot {
  readonly #needs: PromptSlotNeeds
  #prompt: Prompt | undefined
  #id: string | undefined

  constructor(needs: PromptSlotNeeds) {
    this.#needs = needs
  }

  /** Holds this prompt from now on, or none where anything else is to be sent; the same one again goes on. */
  want(sending: Sending | undefined): void {
    if (sending?.kind === 'prompt' && sending.prompt_id === this.#id) return
    this.stop()
    if (sending?.kind !== 'prompt') return
    this.#id = sending.prompt_id
    this.#prompt = new Prompt(sending.parts, sending.loop ?? false, this.#needs)
  }

  /** The next `count` samples; silence where there is no prompt, or it is over. */
  fill(into: Int16Array, count: number): void {
    const prompt = this.#prompt
    if (!prompt) {
      into.fill(0, 0, count)
      return
    }
    prompt.fill(into, count)
    if (prompt.over) this.#finish(prompt)
  }

  /** Ends the prompt, if there is one. */
  stop(): void {
    if (this.#prompt) {
      this.#needs.cutOff()
      this.#finish(this.#prompt)
    }
    this.#id = undefined
  }

  #finish(prompt: Prompt): void {
    this.#prompt = undefined
    prompt.close()
    const { outcome, unreadable } = prompt
    this.#needs.on({ type: 'prompt_finished', prompt_id: this.#id ?? '', outcome, unreadable })
  }
}
