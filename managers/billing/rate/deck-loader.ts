import type { Database } from '#platform/db'
import { type Log, silentLog } from '#platform/log'
import { type Clock, type Timer, type Timestamp, timestamp } from '#platform/time'
import { COST_TYPES } from '../cost.ts'
import type { DeckStore, PrefixSlice } from './deck-store.ts'
import { LoadedDeck } from './loaded-deck.ts'

/** How often it is asked for new versions; well below the lead that each of them has (`LEAD_MS`). */
const POLL_MS = 1_000
/** A version is loaded so long before it begins. */
const AHEAD_MS = 10 * 60_000
/** Rates that are taken in before the event loop gets its turn. */
const SLICE = 500
/** What comes before the first slice. */
const FIRST: PrefixSlice = { count: SLICE, last: '', text: '' }

/** Versions by the moment at which they begin, as they were known at some moment. */
export interface Known {
  /** The one in force and those ahead, the latest first. */
  versions: readonly { version: number; tm_from: Timestamp }[]
  /** When it was asked. */
  askedMs: number
}

/** Keeps the versions in memory that price what starts now and soon; takes them in by slices. */
export class DeckLoader {
  readonly #needs: { db: Database; clock: Clock; store: DeckStore }
  #log: Log = silentLog
  readonly #decks = new Map<number, LoadedDeck>()
  #known: Known | undefined
  #timer: Timer | undefined
  #polling: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(needs: { db: Database; clock: Clock; store: DeckStore }) {
    this.#needs = needs
  }

  get known(): Known | undefined {
    return this.#known
  }

  deck(version: number): LoadedDeck | undefined {
    return this.#decks.get(version)
  }

  start(log: Log): void {
    this.#log = log
    this.#polling = this.#poll()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#polling
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh()
    } catch (err) {
      this.#log.warn({ err }, 'the rate decks could not be read; prices are looked up one by one')
    }
    if (this.#stopped) return
    this.#timer = this.#needs.clock.after(POLL_MS, () => {
      this.#polling = this.#poll()
    })
  }

  /** Learns which versions there are, and loads and forgets accordingly. */
  async refresh(): Promise<void> {
    const { clock, store, db } = this.#needs
    const askedMs = clock.wallMs()
    const versions = await store.inForceAndAhead(db, timestamp(askedMs), timestamp(askedMs + AHEAD_MS))
    this.#known = { versions, askedMs }
    const wanted = new Set(versions.map(({ version }) => version))
    for (const version of this.#decks.keys()) if (!wanted.has(version)) this.#decks.delete(version)
    for (const version of wanted) if (!this.#decks.has(version)) await this.#load(version)
  }

  async #load(version: number): Promise<void> {
    const { store, db } = this.#needs
    const deck = new LoadedDeck(version, await store.sizes(db, version))
    for (const row of await store.withoutPrefix(db, version)) deck.add(row)
    for (const cost_type of COST_TYPES)
      for (let slice = FIRST; slice.count === SLICE && !this.#stopped; deck.addPrefixes(cost_type, slice.text))
        slice = await store.prefixes(db, version, cost_type, slice.last, SLICE)
    if (this.#stopped) return
    this.#decks.set(version, deck)
    this.#log.info({ version }, 'a rate deck was loaded')
  }
}
