import type { Log } from '#platform/log'
import type { LiveCallInput } from './live-call.ts'

/** Who hears what happens to one call: told between two turns, in order; whoever comes late hears that it is over. */
export class CallAudience {
  readonly #call_id: string
  readonly #log: Log
  readonly #subscribers = new Set<(input: LiveCallInput) => void>()
  readonly #outbox: LiveCallInput[] = []
  #over: LiveCallInput | undefined

  constructor({ call_id, log }: { call_id: string; log: Log }) {
    this.#call_id = call_id
    this.#log = log
  }

  /** Gives what ends it. */
  subscribe(handler: (input: LiveCallInput) => void): () => void {
    this.#subscribers.add(handler)
    const over = this.#over
    if (over) queueMicrotask(() => this.#tell(handler, over))
    return () => this.#subscribers.delete(handler)
  }

  post(input: LiveCallInput): void {
    if (input.type === 'hungup') this.#over = input
    if (this.#outbox.push(input) > 1) return
    queueMicrotask(() => {
      for (let input = this.#outbox.shift(); input; input = this.#outbox.shift())
        for (const handler of [...this.#subscribers]) this.#tell(handler, input)
    })
  }

  #tell(handler: (input: LiveCallInput) => void, input: LiveCallInput): void {
    try {
      handler(input)
    } catch (error) {
      this.#log.error({ call_id: this.#call_id, input: input.type, error }, 'the flow of a call threw')
    }
  }
}
