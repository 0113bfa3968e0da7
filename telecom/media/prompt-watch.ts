import type { PromptOutcome } from './media-event.ts'
import type { Sending } from './wanted-media.ts'

/** Knows which of the prompts that an endpoint is told to play has not ended, so that each ends once, whatever its worker does. */
export class PromptWatch {
  #running: string | undefined
  #finished: string | undefined

  /** This is wanted from now on. */
  want(sending: Sending | undefined): void {
    const id = sending?.kind === 'prompt' ? sending.prompt_id : undefined
    if (id === this.#finished) return
    this.#finished = undefined
    if (id !== undefined) this.#running = id
  }

  /** The prompt that has not ended although this is wanted instead of it. */
  leftBy(sending: Sending | undefined): string | undefined {
    const id = sending?.kind === 'prompt' ? sending.prompt_id : undefined
    return this.#running === id ? undefined : this.#running
  }

  /** Whether this is a prompt that has ended already: no new worker plays it again. */
  isOver(sending: Sending | undefined): boolean {
    return sending?.kind === 'prompt' && sending.prompt_id === this.#finished
  }

  /** The worker says that a prompt has ended. */
  ended(id: string, outcome: PromptOutcome): void {
    if (id !== this.#running) return
    this.#running = undefined
    if (outcome !== 'stopped') this.#finished = id
  }

  /** Nothing plays any more: the prompt that had not ended, if any, has now. */
  end(): string | undefined {
    const running = this.#running
    this.#running = undefined
    return running
  }
}
