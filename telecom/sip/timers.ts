/** The values from which RFC 3261 §17 derives every transaction timer (Table 4), in milliseconds. */
export interface Timers {
  /** Round trip estimate; the first retransmission interval over an unreliable transport. */
  readonly t1Ms: number
  /** The longest interval between retransmissions of non-INVITE requests and of INVITE responses. */
  readonly t2Ms: number
  /** How long a message may stay in the network. */
  readonly t4Ms: number
  /** Timer D: how long a finished INVITE client transaction still absorbs responses (at least 32 s over UDP). */
  readonly timerDMs: number
}

export const DEFAULT_TIMERS: Timers = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, timerDMs: 32_000 }

/** The defaults of RFC 3261, with what is given put over them. */
export function timersOf(given: Partial<Timers> = {}): Timers {
  return { ...DEFAULT_TIMERS, ...given }
}
