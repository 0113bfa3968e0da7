/** The clock and the dice of a client, so that tests can turn both by hand. */
export interface Time {
  /** Milliseconds that only grow; their zero means nothing. */
  nowMs(): number
  /** Calls back once after so many milliseconds; the function that it gives takes that back. */
  after(ms: number, call: () => void): () => void
  /** A number from 0 up to 1, for jitter. */
  random(): number
}

/** The real ones, in Node.js and browsers alike. */
export const systemTime: Time = {
  nowMs: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
}

/** What a 32-bit timer holds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Waits; rejects with the signal's reason as soon as it aborts. */
export function wait(time: Time, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = time.after(ms, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
