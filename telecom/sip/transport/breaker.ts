import type { Clock } from '#platform/time'
import type { SipResponse } from '../message/message.ts'
import { retryAfterOf } from '../message/retry-after.ts'
import type { Destination } from './resolve.ts'

/** So many requests in a row without any answer open it. */
const FAILURES = 3
/** How long it stays open; then one request may try. */
const OPEN_MS = 30_000
/** The longest rest that a Retry-After is believed for. */
const MOST_REST_MS = 60_000
/** Destinations that are remembered at once; the oldest is forgotten first. */
const MOST_DESTINATIONS = 10_000

/** `closed`: nothing speaks against it. `open`: dead, tried after all others. `half_open`: dead, and to be tried once more. */
export type BreakerState = 'closed' | 'open' | 'half_open'

interface Failing {
  failures: number
  /** Monotonic; it is open before, half open after. */
  openUntilMs: number | undefined
}

/**
 * Which destinations do not answer (RFC 3263 §4.3: what failed need not be tried again and again). One that is open is the
 * last resort, never forbidden: a false alarm makes nobody unreachable. Any answer at all closes it.
 */
export class Breaker {
  readonly #clock: Clock
  readonly #failing = new Map<string, Failing>()
  #opened = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How often one has opened. */
  get opened(): number {
    return this.#opened
  }

  /** How many are open, or half open, now. */
  get open(): number {
    let open = 0
    for (const { openUntilMs } of this.#failing.values()) if (openUntilMs !== undefined) open++
    return open
  }

  state(destination: Destination): BreakerState {
    const openUntilMs = this.#failing.get(keyOf(destination))?.openUntilMs
    if (openUntilMs === undefined) return 'closed'
    return this.#clock.monotonicMs() < openUntilMs ? 'open' : 'half_open'
  }

  /** The same in their order, those whose destination is open behind the others. */
  inOrder<One>(ones: readonly One[], destinationOf: (one: One) => Destination): One[] {
    const isOpen = (one: One) => this.state(destinationOf(one)) === 'open'
    return [...ones.filter((one) => !isOpen(one)), ...ones.filter(isOpen)]
  }

  /** A request goes there: where it is half open, no other one follows before it is known what came of this one. */
  trying(destination: Destination): void {
    const failing = this.#failing.get(keyOf(destination))
    if (failing?.openUntilMs !== undefined) failing.openUntilMs = this.#clock.monotonicMs() + OPEN_MS
  }

  /** An answer came: it is alive, whatever it said; with a 503 it may ask for a rest (RFC 3261 §21.5.4). */
  answered(destination: Destination, response: SipResponse): void {
    this.#failing.delete(keyOf(destination))
    const restSeconds = response.status === 503 ? (retryAfterOf(response.headers) ?? 0) : 0
    if (restSeconds > 0) this.rest(destination, restSeconds * 1_000)
  }

  /** It is not to be tried for a while, a minute at most. */
  rest(destination: Destination, forMs: number): void {
    this.#open(this.#note(destination), Math.min(forMs, MOST_REST_MS))
  }

  /** No answer in time, or a transport that failed. */
  failed(destination: Destination): void {
    const failing = this.#note(destination)
    failing.failures++
    if (failing.failures >= FAILURES) this.#open(failing, OPEN_MS)
  }

  #open(failing: Failing, forMs: number): void {
    if (failing.openUntilMs === undefined) this.#opened++
    failing.openUntilMs = this.#clock.monotonicMs() + forMs
  }

  #note(destination: Destination): Failing {
    const key = keyOf(destination)
    const failing = this.#failing.get(key) ?? { failures: 0, openUntilMs: undefined }
    this.#failing.delete(key)
    this.#failing.set(key, failing)
    const oldest = this.#failing.size > MOST_DESTINATIONS ? this.#failing.keys().next() : undefined
    if (oldest && !oldest.done) this.#failing.delete(oldest.value)
    return failing
  }
}

function keyOf({ transport, remote }: Destination): string {
  return `${transport} ${remote.address} ${remote.port}`
}
