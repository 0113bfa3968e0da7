import type { ControlRefusal } from './control.ts'

interface Question {
  answer: Promise<ControlRefusal | undefined>
  resolve: (refusal: ControlRefusal | undefined) => void
}

/** What a call was asked for and has not answered, by the key of each: a repeat shares the answer. */
export class OpenQuestions {
  readonly #questions = new Map<string, Question>()

  /** `ask` is called for the first one under this key; resolves with why it is not done, where it is not. */
  ask(key: string, ask: () => void): Promise<ControlRefusal | undefined> {
    const asked = this.#questions.get(key)
    if (asked) return asked.answer
    const { promise, resolve } = Promise.withResolvers<ControlRefusal | undefined>()
    this.#questions.set(key, { answer: promise, resolve })
    ask()
    return promise
  }

  answered(key: string, refusal: ControlRefusal | undefined): void {
    this.#questions.get(key)?.resolve(refusal)
    this.#questions.delete(key)
  }
}
