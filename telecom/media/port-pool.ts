import type { Ids } from '#platform/ids'

/**
 * Pairs of ports: given at random from the quarter that has been free the longest, so that a port's last peer, or
 * somebody who watched, cannot foresee the next call's.
 */
export class PortPool {
  readonly #ids: Ids
  /** Free even ports, the longest unused first. */
  readonly #free: number[] = []
  readonly size: number

  constructor(ports: { first: number; last: number }, ids: Ids) {
    this.#ids = ids
    for (let port = ports.first + (ports.first % 2); port < ports.last; port += 2) this.#free.push(port)
    // a fresh start must not begin where the last one did
    for (let at = this.#free.length - 1; at > 0; at--) this.#swap(at, ids.integer(at + 1))
    this.size = this.#free.length
  }

  #swap(a: number, b: number): void {
    const port = this.#free[a] as number
    this.#free[a] = this.#free[b] as number
    this.#free[b] = port
  }

  get free(): number {
    return this.#free.length
  }

  /** An RTP port (its RTCP port is the next one); `undefined` when none is left. */
  take(): number | undefined {
    if (this.#free.length === 0) return undefined
    const at = this.#ids.integer(Math.max(1, Math.ceil(this.#free.length / 4)))
    return this.#free.splice(at, 1)[0]
  }

  /** Gives a pair back; it becomes the last to be used again. */
  release(port: number): void {
    this.#free.push(port)
  }
}
