import type { Socket } from 'node:net'
import type { Clock, Timer } from '#platform/time'
import type { Exchange } from './exchange.ts'

/**
 * Watches requests in flight with one timer for all of them. A deadline is kept to the millisecond for the next one due,
 * and costs nothing for the many requests that end long before.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #expire: (exchange: Exchange) => void
  readonly #live = new Set<Exchange>()
  #timer: Timer | undefined
  #armedForMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, expire: (exchange: Exchange) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** The requests in flight. */
  get live(): ReadonlySet<Exchange> {
    return this.#live
  }

  /** The request in flight on a connection. */
  of(socket: Socket): Exchange | undefined {
    for (const exchange of this.#live) if (exchange.reply.raw.socket === socket) return exchange
    return undefined
  }

  /** Watches an exchange until it is released or its deadline passes. */
  watch(exchange: Exchange) {
    this.#live.add(exchange)
    if (exchange.deadlineMs < this.#armedForMs) this.#arm(exchange.deadlineMs)
  }

  /** Ends the watch over an exchange. */
  release(exchange: Exchange) {
    this.#live.delete(exchange)
  }

  /** Ends every watch. */
  close() {
    this.#timer?.cancel()
    this.#live.clear()
  }

  #arm(atMs: number) {
    this.#timer?.cancel()
    this.#armedForMs = atMs
    this.#timer = this.#clock.after(atMs - this.#clock.monotonicMs(), () => this.#sweep())
  }

  #sweep() {
    this.#timer = undefined
    this.#armedForMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const exchange of [...this.#live]) {
      if (exchange.deadlineMs > nowMs) nextMs = Math.min(nextMs, exchange.deadlineMs)
      else {
        this.#live.delete(exchange)
        this.#expire(exchange)
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#arm(nextMs)
  }
}
