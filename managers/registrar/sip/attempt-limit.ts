import type { Clock } from '#platform/time'

/** Wrong answers within the window that are borne before the door closes. */
const MOST_FAILURES = 10
const WINDOW_MS = 60_000
const BLOCKED_MS = 300_000
/** Pairs that are remembered; the oldest is forgotten first. */
const MOST_ENTRIES = 20_000

interface Entry {
  failures: number
  sinceMs: number
  blockedUntilMs: number
}

/**
 * Counts wrong passwords per extension *and* source, so that neither an office behind one address nor an extension under
 * attack from elsewhere is locked out. Above ten in a minute that pair is refused for five minutes.
 */
export class AttemptLimit {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isBlocked(aor: string, source: string): boolean {
    const entry = this.#entries.get(key(aor, source))
    return entry !== undefined && entry.blockedUntilMs > this.#clock.monotonicMs()
  }

  failed(aor: string, source: string): void {
    const nowMs = this.#clock.monotonicMs()
    const name = key(aor, source)
    const known = this.#entries.get(name)
    const entry =
      known && nowMs - known.sinceMs < WINDOW_MS ? known : { failures: 0, sinceMs: nowMs, blockedUntilMs: 0 }
    entry.failures++
    if (entry.failures >= MOST_FAILURES) entry.blockedUntilMs = nowMs + BLOCKED_MS
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    if (this.#entries.size > MOST_ENTRIES) this.#forgetOldest()
  }

  succeeded(aor: string, source: string): void {
    this.#entries.delete(key(aor, source))
  }

  #forgetOldest(): void {
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

function key(aor: string, source: string): string {
  return `${aor} ${source}`
}
