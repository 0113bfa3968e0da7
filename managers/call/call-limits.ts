/** How long one call and parts of it may take. */
export interface CallLimits {
  /** From the start of the leg, milliseconds. */
  maxDurationMs: number
  /** How long a callee may ring, each way to it counted anew. */
  dialMs: number
  /** How long speech may take to be made. */
  renderMs: number
  /** How long files may take to be fetched. */
  fetchMs: number
}

/** What holds where nobody says otherwise. */
export const DEFAULT_CALL_LIMITS: CallLimits = {
  maxDurationMs: 3_600_000,
  dialMs: 60_000,
  renderMs: 10_000,
  fetchMs: 30_000,
}
