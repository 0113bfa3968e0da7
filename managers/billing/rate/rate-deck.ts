import type { Database } from '#platform/db'
import { InvariantError } from '#platform/errors'
import type { Log } from '#platform/log'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { CostType } from '../cost.ts'
import { DeckLoader } from './deck-loader.ts'
import { DeckStore, type Via } from './deck-store.ts'
import { LEAD_MS } from './lead.ts'
import type { Rate } from './price.ts'

/** What a price is asked for. */
export interface RateQuery {
  cost_type: CostType
  /** E.164, where the cost depends on a number; the longest prefix that it begins with decides. */
  number?: string
  /** Prices by this version; else by the one in force at `at`. */
  version?: number
  /** Now unless said. */
  at?: Timestamp
}

/** The country of a number, lower case (`us`), or empty. */
export type CountryOf = (number: string) => string

/**
 * The prices of the platform, by version: what something costs that starts at a given moment. Once started it answers from
 * memory; what is not there (yet, or any more) is looked up, with the same result.
 */
export class RateDeck {
  readonly #db: Database
  readonly #clock: Clock
  readonly #store = new DeckStore()
  readonly #countryOf: CountryOf
  readonly #loader: DeckLoader

  constructor(needs: { db: Database; clock: Clock; countryOf?: CountryOf }) {
    const { db, clock } = needs
    this.#loader = new DeckLoader({ db, clock, store: this.#store })
    this.#db = db
    this.#clock = clock
    this.#countryOf = needs.countryOf ?? (() => '')
  }

  /** Begins to keep the prices of now and soon in memory. */
  start(log: Log): void {
    this.#loader.start(log)
  }

  stop(): Promise<void> {
    return this.#loader.stop()
  }

  /**
   * The rate for this: the longest prefix of the number, else the number's country, else the rate for every number.
   * Every deck has one of the last kind for each cost type. Inside a transaction hand that over as `via`.
   */
  async rateOf(query: RateQuery, via: Via = this.#db): Promise<Rate> {
    const { cost_type, number = '' } = query
    const version = query.version ?? (await this.#versionAt(via, query.at ?? timestamp(this.#clock.wallMs())))
    const digits = digitsOf(number)
    const country = () => this.#countryOf(number)
    const loaded = this.#loader.deck(version)?.find(cost_type, digits, country)
    if (loaded) return loaded
    const asked = { version, cost_type, digits, country: country() }
    const rate = mostSpecific(await this.#store.candidates(via, asked))
    if (!rate) throw new InvariantError(`rate deck ${version} has no price for ${cost_type}`)
    return rate
  }

  async #versionAt(via: Via, moment: Timestamp): Promise<number> {
    const version = this.#knownAt(moment) ?? (await this.#store.versionAt(via, moment))
    if (version === undefined) throw new InvariantError(`no rate deck is in force at ${moment}`)
    return version
  }

  /**
   * The version at a moment, from memory: where it lies between the beginning of one that is known and the earliest moment at
   * which one can begin that was made since.
   */
  #knownAt(moment: Timestamp): number | undefined {
    const { known } = this.#loader
    if (!known || moment >= timestamp(known.askedMs + LEAD_MS)) return undefined
    return known.versions.find(({ tm_from }) => tm_from <= moment)?.version
  }
}

/** The digits of an E.164 number that a prefix can match. */
export function digitsOf(number: string): string {
  return /^\+([0-9]{1,15})$/.exec(number)?.[1] ?? ''
}

/** A longer prefix before a shorter one, a country before none. */
export function mostSpecific(rates: readonly Rate[]): Rate | undefined {
  const rank = ({ prefix, country }: Rate) => prefix.length * 2 + (country === '' ? 0 : 1)
  return rates.reduce<Rate | undefined>((best, rate) => (best && rank(best) >= rank(rate) ? best : rate), undefined)
}
