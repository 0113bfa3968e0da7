import type { Core } from '../core.ts'
import type { Ways } from '../ways.ts'
import type { Question, Reply } from './question.ts'
import { RunningQuestion } from './running-question.ts'

/** Questions at once. */
const MOST_QUESTIONS = 1_000

/** Asks others outside of any dialog: one destination after the other (RFC 3263 §4.3), until one of them answers. */
export class Asking {
  readonly #core: Core
  readonly #ways: Ways
  readonly #running = new Set<RunningQuestion>()
  #isStopped = false

  constructor(core: Core, ways: Ways) {
    this.#core = core
    this.#ways = ways
  }

  /** Throws a `SipError` for a question that cannot be written. */
  async ask(question: Question): Promise<Reply> {
    if (this.#isStopped) return { outcome: 'unreachable', tried: [], error: 'the stack is stopping' }
    if (this.#running.size >= MOST_QUESTIONS) {
      this.#core.counters.refused_overload++
      return { outcome: 'overloaded' }
    }
    const running = new RunningQuestion(question, this.#core, this.#ways)
    this.#running.add(running)
    try {
      return await running.answer()
    } finally {
      this.#running.delete(running)
    }
  }

  /** Nobody waits any more: what was not answered was not reached. */
  stop(): void {
    this.#isStopped = true
    for (const running of this.#running) running.stop()
  }
}
