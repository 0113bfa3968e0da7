import type { MediaEvent } from '../media-event.ts'
import type { StreamTarget } from '../wanted-media.ts'

/** Knows which streams of an endpoint have not ended, so that each ends exactly once, whatever its worker does. */
export class StreamWatch {
  readonly #on: (event: MediaEvent) => void
  /** Those that were wanted and whose end has not come. */
  readonly #running = new Set<string>()
  #over = new Set<string>()

  constructor(on: (event: MediaEvent) => void) {
    this.#on = on
  }

  /** These are wanted. While the worker is down nobody else says that the others have ended. */
  want(targets: readonly StreamTarget[] = [], up: boolean): void {
    const wanted = new Set(targets.map(({ stream_id }) => stream_id))
    this.#over = new Set([...this.#over].filter((id) => wanted.has(id)))
    for (const id of wanted) if (!this.#over.has(id)) this.#running.add(id)
    if (!up) for (const id of [...this.#running]) if (!wanted.has(id)) this.#end(id)
  }

  /** Those of them that have not ended by themselves. */
  living(targets: readonly StreamTarget[]): StreamTarget[] {
    return targets.filter(({ stream_id }) => !this.#over.has(stream_id))
  }

  /** The worker says that one has ended; false where that was told already. */
  ended(stream_id: string): boolean {
    this.#over.add(stream_id)
    return this.#running.delete(stream_id)
  }

  /** The worker has gone, and their connections with it. */
  lost(): void {
    for (const id of [...this.#running]) this.#end(id)
  }

  #end(stream_id: string): void {
    this.#running.delete(stream_id)
    this.#over.add(stream_id)
    setImmediate(() => this.#on({ type: 'stream_ended', stream_id, dropped: 0, issue: 'worker_restarted' }))
  }
}
