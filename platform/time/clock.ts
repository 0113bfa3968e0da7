/** A timer that has been started and can be cancelled; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/** Where every part of the system gets time from. It is handed in, never reached for, so that tests turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, with a fraction (microseconds). May jump when the machine's clock is set. */
  wallMs(): number
  /** Milliseconds since some fixed moment, with a fraction. Never goes back. */
  monotonicMs(): number
  /** Calls `run` once, `delayMs` of monotonic time from now (0 = as soon as possible, never at once). */
  after(delayMs: number, run: () => void): Timer
}

/** The longest delay a platform timer takes (2^31 − 1 ms, about 24.8 days). */
const LONGEST_DELAY_MS = 2_147_483_647

/** The clock of the running machine. */
export const systemClock: Clock = {
  wallMs: () => performance.timeOrigin + performance.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS))
    return { cancel: () => clearTimeout(handle) }
  },
}
