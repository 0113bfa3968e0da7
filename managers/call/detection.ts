import type { LineEvent } from '#telecom/line'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import type { LiveCallInput } from './live-call.ts'
import type { Outcomes } from './outcomes.ts'

/** Whether a person or a machine answered: who asked last hears it. */
export class Detection {
  readonly #outcomes: Outcomes
  #asked: { key: string; hangup: boolean } | undefined

  constructor({ outcomes }: { outcomes: Outcomes }) {
    this.#outcomes = outcomes
  }

  /** Nothing came of what is asked under this key yet. */
  start({ key, hangup }: CallInput & { type: 'detect' }): CallEffect[] {
    this.#outcomes.remember(key, 'running')
    this.#asked = { key, hangup }
    return [{ do: 'detect' }]
  }

  detected({ status, cause }: LineEvent & { type: 'answered_by' }): CallEffect[] {
    if (!this.#asked) return []
    const outcome: LiveCallInput = { type: 'machine_detected', ...this.#asked, status, cause }
    const { key } = this.#asked
    this.#asked = undefined
    return [{ do: 'tell', input: this.#outcomes.remember(key, outcome) }]
  }
}
