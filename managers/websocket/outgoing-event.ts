import type { PublicEvent } from '#platform/events'

/** An event on its way to any number of sockets: its bytes are made when the first of them needs them, and shared. */
export class OutgoingEvent {
  readonly sequence: number
  readonly #event: PublicEvent
  #plain: Buffer | undefined
  #numbered: Buffer | undefined

  constructor(event: PublicEvent) {
    this.sequence = event.sequence
    this.#event = event
  }

  /** The body of the webhook: `type` and `data`; with `sequence` and `id` behind them for who asked for it. */
  bytes(numbered: boolean): Buffer {
    return numbered ? this.#withNumber() : this.#asWebhook()
  }

  #asWebhook(): Buffer {
    const { type, data } = this.#event
    this.#plain ??= Buffer.from(JSON.stringify({ type, data }))
    return this.#plain
  }

  #withNumber(): Buffer {
    const { type, data, sequence, id } = this.#event
    this.#numbered ??= Buffer.from(JSON.stringify({ type, data, sequence, id }))
    return this.#numbered
  }
}
