import { Cron } from 'croner'

/** Something that is done again and again, by one process of the platform at a time. */
export interface Job {
  /** In snake_case, unique: its row, and its label in the metrics. */
  name: string
  /** When it is done, as a cron pattern of five fields in UTC. */
  schedule: string
  /**
   * Does it. It must be safe to repeat: a process that vanishes in the middle is replaced by another one. `signal` aborts
   * when the process stops, or has lost its right to run it.
   */
  run(signal: AbortSignal): Promise<void>
}

/** The first moment after `afterMs` at which the schedule says so, in milliseconds of wall time. */
export function nextDueMs(schedule: string, afterMs: number): number {
  const next = new Cron(schedule, { timezone: 'UTC', mode: '5-part' }).nextRun(new Date(afterMs))
  if (!next) throw new Error(`the schedule ${schedule} never comes`)
  return next.getTime()
}

/** The first try after a failure comes so soon, each further one twice as late. */
const FIRST_RETRY_MS = 60_000
const LONGEST_RETRY_MS = 60 * 60_000

/** When a job that has failed so often in a row is tried again: never later than it is due anyway. */
export function retryDueMs(schedule: string, failures: number, nowMs: number): number {
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_RETRY_MS)
  return Math.min(nowMs + waitMs, nextDueMs(schedule, nowMs))
}
