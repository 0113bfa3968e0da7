import type { Clock, Timer } from '#platform/time'
import type { Agreed } from './session-interval.ts'

/**
 * The time that a session may stand without a refresh (RFC 4028 §10): refreshed by us at its half, or given up shortly
 * before its end where the other side does not do so.
 */
export class SessionTimer {
  readonly #clock: Clock
  /** Sends a refresh; `done` says how it went. */
  readonly #refresh: () => void
  readonly #expired: () => void
  #agreed: Agreed | undefined
  #end: Timer | undefined
  #next: Timer | undefined

  constructor(at: { clock: Clock; refresh: () => void; expired: () => void }) {
    this.#clock = at.clock
    this.#refresh = at.refresh
    this.#expired = at.expired
  }

  get agreed(): Agreed | undefined {
    return this.#agreed
  }

  /** A 2xx has begun or refreshed the session; `undefined`: it stands for ever. */
  restart(agreed: Agreed | undefined): void {
    this.stop()
    this.#agreed = agreed
    if (!agreed) return
    const ms = agreed.seconds * 1_000
    if (agreed.weRefresh) this.#next = this.#clock.after(ms / 2, this.#refresh)
    const earlyMs = agreed.weRefresh ? 0 : Math.min(32_000, ms / 3)
    this.#end = this.#clock.after(ms - earlyMs, () => {
      this.stop()
      this.#expired()
    })
  }

  /** A refresh failed in a way that another one may mend; the end of the session stays where it is. */
  refreshAgain(afterMs: number): void {
    if (!this.#end) return
    this.#next?.cancel()
    this.#next = this.#clock.after(afterMs, this.#refresh)
  }

  stop(): void {
    this.#end?.cancel()
    this.#next?.cancel()
    this.#end = undefined
    this.#next = undefined
  }
}
