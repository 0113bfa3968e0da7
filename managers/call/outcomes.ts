import type { LiveCallInput } from './live-call.ts'

/** Effect keys that are remembered; a flow takes about a hundred steps between two moments of waiting. */
const KEYS_KEPT = 512

/** What came of the commands of a live call, by their keys: a command that was seen is not carried out twice. */
export class Outcomes {
  readonly #outcomes = new Map<string, LiveCallInput | 'running'>()

  /** The outcome, that it is awaited, or `undefined` for a key that was not seen (or long ago). */
  of(key: string): LiveCallInput | 'running' | undefined {
    return this.#outcomes.get(key)
  }

  remember<T extends LiveCallInput | 'running'>(key: string, outcome: T): T {
    this.#outcomes.delete(key)
    this.#outcomes.set(key, outcome)
    if (this.#outcomes.size > KEYS_KEPT) {
      const oldest = this.#outcomes.keys().next()
      if (!oldest.done) this.#outcomes.delete(oldest.value)
    }
    return outcome
  }
}
