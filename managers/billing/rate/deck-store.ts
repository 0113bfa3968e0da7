import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { CostType } from '../cost.ts'
import type { Rate } from './price.ts'

/** A version of the rate deck, without its rates. */
export interface RateDeckRecord {
  id: string
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

/** Some prefixes: how many, the last one, and prefix, tokens, credit and seconds of a unit of each, between blanks. */
export interface PrefixSlice {
  count: number
  last: string
  text: string
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

  /** The version in force at a moment and those that begin until a later one, the latest first. */
  inForceAndAhead(
    via: Via,
    moment: Timestamp,
    until: Timestamp,
  ): Promise<Pick<RateDeckRecord, 'version' | 'tm_from'>[]> {
    const decks = via.kysely<Tables>().selectFrom('rate_decks').select(['version', 'tm_from'])
    const latest = decks.where('tm_from', '<=', moment).orderBy('tm_from', 'desc').orderBy('version', 'desc').limit(1)
    return decks
      .where((row) =>
        row.or([
          row('version', '=', latest.clearSelect().select('version')),
          row.and([row('tm_from', '>', moment), row('tm_from', '<=', until)]),
        ]),
      )
      .orderBy('tm_from', 'desc')
      .orderBy('version', 'desc')
      .execute()
  }

  /** How many rates a version has of each cost type. */
  async sizes(via: Via, version: number): Promise<Map<string, number>> {
    const rows = await via
      .kysely<Tables>()
      .selectFrom('rate_deck_rates')
      .select(['cost_type', (row) => row.fn.countAll<number>().as('count')])
      .where('version', '=', version)
      .groupBy('cost_type')
      .execute()
    return new Map(rows.map(({ cost_type, count }) => [cost_type, count]))
  }

  /** The rates of a version without a prefix: those of countries, and those for every number. */
  withoutPrefix(via: Via, version: number): Promise<RateRow[]> {
    const rates = via.kysely<Tables>().selectFrom('rate_deck_rates').selectAll()
    return rates.where('version', '=', version).where('prefix', '=', '').execute()
  }

  /**
   * The next prefixes of a cost type, in order, as a text of their columns: a million rows as objects would keep the garbage
   * collector busy.
   */
  async prefixes(via: Via, version: number, cost_type: CostType, after: string, most: number): Promise<PrefixSlice> {
    const { rows } = await sql<PrefixSlice>`
      select count(*) as count, coalesce(max(prefix), '') as last,
        coalesce(string_agg(concat_ws(' ', prefix, token_per_unit, credit_per_unit, unit_seconds), ' ' order by prefix), '') as text
      from (select * from rate_deck_rates where version = ${version} and cost_type = ${cost_type} and prefix > ${after}
        order by prefix limit ${most}) slice`.execute(via.kysely<Tables>())
    return rows[0] ?? { count: 0, last: after, text: '' }
  }

  /** Versions, newest first. */
  list(via: Via, page: PageRequest): Promise<RateDeckRecord[]> {
    return pageOf(via.kysely<Tables>().selectFrom('rate_decks').selectAll(), page).execute()
  }

  find(via: Via, id: string): Promise<RateDeckRecord | undefined> {
    return via.kysely<Tables>().selectFrom('rate_decks').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Rates of a version whose prefix begins with the digits, in order, so many at most. */
  rates(via: Via, { version, prefix, most }: { version: number; prefix: string; most: number }): Promise<RateRow[]> {
    return via
      .kysely<Tables>()
      .selectFrom('rate_deck_rates')
      .selectAll()
      .where('version', '=', version)
      .where('prefix', 'like', `${prefix}%`)
      .orderBy('cost_type')
      .orderBy('prefix')
      .orderBy('country')
      .limit(most)
      .execute()
  }

  async latestVersion(trx: AnyTransaction): Promise<number> {
    const row = await trx
      .kysely<Tables>()
      .selectFrom('rate_decks')
      .select((row) => row.fn.max('version').as('version'))
      .executeTakeFirst()
    return row?.version ?? 0
  }

  async insert(trx: AnyTransaction, deck: RateDeckRecord): Promise<void> {
    await trx.kysely<Tables>().insertInto('rate_decks').values(deck).execute()
  }

  /** Says when a new version begins. */
  async begin(trx: AnyTransaction, version: number, tm_from: Timestamp): Promise<void> {
    await trx.kysely<Tables>().updateTable('rate_decks').set({ tm_from }).where('version', '=', version).execute()
  }

  /** Gives a new version every rate of another one; false where there is no such version. */
  async copy(trx: AnyTransaction, from: number, to: number): Promise<boolean> {
    const copied = await sql`
      insert into rate_deck_rates (version, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds)
      select ${to}::integer, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds
      from rate_deck_rates where version = ${from}`.execute(trx.kysely<Tables>())
    return (copied.numAffectedRows ?? 0n) > 0n
  }

  /** Gives a new version these rates, in the place of what it has for the same. */
  async put(trx: AnyTransaction, rates: readonly RateRow[]): Promise<void> {
    await sql`
      insert into rate_deck_rates (version, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds)
      select * from jsonb_to_recordset(${JSON.stringify(rates)}::jsonb) as rate(version integer, cost_type text, prefix text,
        country text, token_per_unit bigint, credit_per_unit bigint, unit_seconds integer)
      on conflict (version, cost_type, prefix, country) do update set token_per_unit = excluded.token_per_unit,
        credit_per_unit = excluded.credit_per_unit, unit_seconds = excluded.unit_seconds`.execute(trx.kysely<Tables>())
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
