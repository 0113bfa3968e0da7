import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { CostType } from '../cost.ts'
import type { Rate } from './price.ts'

/** A version of the rate deck, without its rates. */
export interface RateDeckRecord {
  version: number
  name: string
  detail: string
  /** From when on it prices what starts, until a later deck begins. */
  tm_from: Timestamp
  tm_create: Timestamp
}

/** A rate as a row of a version. */
export interface RateRow extends Omit<Rate, 'deck_version'> {
  version: number
}

interface Tables {
  rate_decks: RateDeckRecord
  rate_deck_rates: RateRow
}

/** Reads by a transaction of the caller's, where there is one, so that nobody who holds a connection waits for another. */
export type Via = AnyTransaction | Database

/** SQL of rate decks. Platform-wide: prices belong to no customer. */
export class DeckStore {
  /** Which version prices what starts at a moment: of those that have begun the latest. */
  async versionAt(via: Via, moment: Timestamp): Promise<number | undefined> {
    const row = await via
      .kysely<Tables>()
      .selectFrom('rate_decks')
      .select('version')
      .where('tm_from', '<=', moment)
      .orderBy('tm_from', 'desc')
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row?.version
  }

  /** The rates of a version that could price this: of any prefix of the digits, of the country, and for every number. */
  async candidates(
    via: Via,
    { version, cost_type, digits, country }: { version: number; cost_type: CostType; digits: string; country: string },
  ): Promise<Rate[]> {
    const rows = await via
      .kysely<Tables>()
      .selectFrom('rate_deck_rates')
      .selectAll()
      .where('version', '=', version)
      .where('cost_type', '=', cost_type)
      .where('prefix', 'in', prefixesOf(digits))
      .where('country', 'in', ['', country])
      .execute()
    return rows.map(rateOfRow)
  }
}

/** A row as the rate that it is. */
export function rateOfRow({ version, ...rate }: RateRow): Rate {
  return { deck_version: version, ...rate }
}

/** Every beginning of the digits, the empty one and all of them included. */
function prefixesOf(digits: string): string[] {
  return Array.from({ length: digits.length + 1 }, (_, length) => digits.slice(0, length))
}
