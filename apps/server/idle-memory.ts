import { flushCompileCache } from 'node:module'
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock, type Timer } from '#platform/time'

/** How often it looks whether the thread is idle. */
const LOOK_MS = 15_000
/** A thread that is busy for less than this part of the time is idle. */
const IDLE = 0.03
/** A heap that is larger than after the last collection by this much is worth another one. */
const GROWN_BYTES = 16 << 20

/**
 * Keeps an idle thread small. Once it is up, compiled code goes to the cache on disk (also for the next start after a
 * kill), and one thorough collection shrinks a heap that loading has blown up to twice its size; the same is done in the
 * quiet after a load, because the engine collects by need and needs nothing while nothing happens. Returns what ends it.
 */
export function keepIdleThreadSmall(): Timer {
  flushCompileCache()
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  let settledBytes = 0
  let before = performance.eventLoopUtilization()
  let timer: Timer
  const settle = () => {
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    settledBytes = process.memoryUsage().heapTotal
  }
  const look = () => {
    const now = performance.eventLoopUtilization()
    const isIdle = performance.eventLoopUtilization(now, before).utilization < IDLE
    before = now
    if (isIdle && process.memoryUsage().heapTotal > settledBytes + GROWN_BYTES) settle()
    timer = systemClock.after(LOOK_MS, look)
  }
  settle()
  timer = systemClock.after(LOOK_MS, look)
  return { cancel: () => timer.cancel() }
}
