import type { Clock } from '#platform/time'
import { isNotThere, type NameAnswer, type NameSource, type Names } from './names.ts'

/** What is believed of a name server's own word, at least and at most. */
const LEAST_TTL_SECONDS = 5
const MOST_TTL_SECONDS = 300
/** Where it does not say: services and pointers, of which Node.js tells no TTL. */
const DEFAULT_TTL_SECONDS = 60
/** That there is nothing (RFC 2308). */
const NOTHING_TTL_SECONDS = 10
/** For how long after that an old answer still helps while no name server answers (RFC 8767). */
const STALE_SECONDS = 3_600
/** How long a name server may think before an old answer is taken. */
const STALE_AFTER_MS = 500
/** Answers of one kind that are kept; the oldest is forgotten first. */
const MOST_ANSWERS = 10_000
/** No name in the DNS is longer (RFC 1035 §2.3.4); one that is, is neither asked for nor remembered. */
const LONGEST_NAME = 255

/**
 * What name servers said, as long as it may be believed: a call does not wait for one, and an outage of theirs is none of
 * ours. Who asks for what is being asked already waits for the same answer.
 */
export function cachedNames(source: NameSource, clock: Clock): Names {
  const addresses = new Answers((name) => source.addresses(name), clock)
  const services = new Answers((name) => source.services(name), clock)
  const pointers = new Answers((name) => source.pointers(name), clock)
  return {
    addresses: (name) => addresses.find(name),
    services: (name) => services.find(name),
    pointers: (name) => pointers.find(name),
    stop: () => source.stop?.(),
  }
}

interface Known<T> {
  /** Empty = there is nothing. */
  readonly records: T[]
  /** Monotonic. */
  readonly freshUntilMs: number
}

/** The answers to one kind of question, by name. */
class Answers<T> {
  readonly #question: (name: string) => Promise<NameAnswer<T>>
  readonly #clock: Clock
  readonly #known = new Map<string, Known<T>>()
  readonly #asking = new Map<string, Promise<T[]>>()

  constructor(question: (name: string) => Promise<NameAnswer<T>>, clock: Clock) {
    this.#question = question
    this.#clock = clock
  }

  async find(name: string): Promise<T[]> {
    if (name.length > LONGEST_NAME) return []
    const known = this.#known.get(name)
    const nowMs = this.#clock.monotonicMs()
    if (known && nowMs < known.freshUntilMs) return known.records
    const asked = this.#asking.get(name) ?? this.#ask(name)
    const isUsable = known && known.records.length > 0 && nowMs < known.freshUntilMs + STALE_SECONDS * 1_000
    return isUsable ? this.#orStale(asked, known.records) : asked
  }

  #ask(name: string): Promise<T[]> {
    const asked = this.#question(name)
      .then(
        ({ records, ttlSeconds = DEFAULT_TTL_SECONDS }) => this.#keep(name, records, ttlSeconds),
        (error: unknown) => {
          if (!isNotThere(error)) throw error
          return this.#keep(name, [], NOTHING_TTL_SECONDS)
        },
      )
      .finally(() => this.#asking.delete(name))
    this.#asking.set(name, asked)
    return asked
  }

  /** What is answered soon, else what was known; what comes later is kept for the next one. */
  #orStale(asked: Promise<T[]>, stale: T[]): Promise<T[]> {
    return new Promise((resolve) => {
      const useStale = () => {
        timer.cancel()
        resolve(stale)
      }
      const timer = this.#clock.after(STALE_AFTER_MS, useStale)
      asked.then((records) => {
        timer.cancel()
        resolve(records)
      }, useStale)
    })
  }

  #keep(name: string, records: T[], ttlSeconds: number): T[] {
    const believedSeconds = Math.min(Math.max(ttlSeconds, LEAST_TTL_SECONDS), MOST_TTL_SECONDS)
    this.#known.delete(name)
    this.#known.set(name, { records, freshUntilMs: this.#clock.monotonicMs() + believedSeconds * 1_000 })
    const oldest = this.#known.size > MOST_ANSWERS ? this.#known.keys().next() : undefined
    if (oldest && !oldest.done) this.#known.delete(oldest.value)
    return records
  }
}
