import { systemClock } from '#platform/time'

/**
 * Asks `probe` again and again (every 20 ms) until it gives something other than `undefined` or `false`, and gives that.
 * Fails with `what` once `withinMs` have passed. For things that happen in other programs; everything else is awaited.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 10_000,
): Promise<T> {
  const endMs = systemClock.monotonicMs() + withinMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (systemClock.monotonicMs() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await pause(20)
  }
}

/** Lets real time pass, for peers that act in real time; never used to wait for something that can be asked for. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.after(ms, resolve)
  })
}
