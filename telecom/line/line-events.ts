import type { LineEvent } from './line-event.ts'

/** What a line tells its one listener, in order; what came before there was one is kept for it. */
export class LineEvents {
  readonly #waiting: LineEvent[] = []
  #handler: ((event: LineEvent) => void) | undefined

  listen(handler: (event: LineEvent) => void): void {
    this.#handler = handler
    for (const event of this.#waiting.splice(0)) handler(event)
  }

  tell(event: LineEvent): void {
    if (this.#handler) this.#handler(event)
    else this.#waiting.push(event)
  }
}
