/**
 * The only place that knows what time it is. Two faces: *wall* time (what a timestamp says, may jump) and
 * *monotonic* time (what a duration or a timer measures, never jumps).
 */
export { type Clock, systemClock, type Timer } from './clock.ts'
export { ManualClock } from './manual-clock.ts'
export { Stopwatch } from './stopwatch.ts'
export { type Timestamp, timestamp, timestampToMs } from './timestamp.ts'
