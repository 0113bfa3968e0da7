import { sql } from 'kysely'
import type { Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import { DeckStore } from '../rate/deck-store.ts'
import type { DearestRate } from './exposure.ts'

/** Whom somebody can call. */
export interface Reach {
  /** ISO 3166 alpha-2, lower case; `undefined` = every country. */
  countries?: readonly string[]
  /** The calling codes of these countries: digits. */
  codes?: readonly string[]
  /** Digits that a number has to begin with, one of them; empty = every number. */
  prefixes: readonly string[]
}

const DAY_MS = 86_400_000

/**
 * The dearest call to whom can be reached that any deck has a price for which prices a call within the next day: the one in
 * force, those that begin meanwhile, and those by which a call that runs may have begun. A rate can be the one of a number only
 * if its prefix and the calling code (and the allowed prefix) begin alike as far as both go; whether it is needs nobody's table
 * of prefixes. So it may be too dear where countries share a code, and is never too cheap.
 */
export async function dearestRate(db: Database, clock: Clock, reach?: Reach): Promise<DearestRate | undefined> {
  const nowMs = clock.wallMs()
  const decks = await new DeckStore().inForceAndAhead(db, timestamp(nowMs - DAY_MS), timestamp(nowMs + DAY_MS))
  const versions = decks.map(({ version }) => version)
  const { countries = null, codes = null, prefixes = [] } = reach ?? {}
  const { rows } = await sql<{
    unit_seconds: number | null
    unit: number
    minute: number
    least: number
    has_flat: boolean
  }>`
    select max(unit_seconds)::bigint as unit_seconds, max(credit_per_unit)::bigint as unit,
      max(ceil(credit_per_unit * 60.0 / greatest(unit_seconds, 1)))::bigint as minute,
      bool_or(unit_seconds = 0) as has_flat,
      min(case when token_per_unit > 0 then 0 else floor(credit_per_unit * 60.0 / greatest(unit_seconds, 60)) end)::bigint as least
    from rate_deck_rates
    where version = any(${versions}::integer[]) and cost_type = 'call_pstn_outgoing'
      and (${countries}::text[] is null or country = '' or country = any(${countries}::text[]))
      and (prefix = '' or ${codes}::text[] is null or ${beginsLikeOneOf(codes ?? [])})
      and (prefix = '' or ${prefixes.length === 0} or ${beginsLikeOneOf(prefixes)})`.execute(db.kysely())
  const [row] = rows
  if (!row || row.unit_seconds === null) return undefined
  return {
    unit_seconds: row.unit_seconds,
    credit_per_unit: row.unit,
    credit_per_minute: row.has_flat ? Number.POSITIVE_INFINITY : row.minute,
    least_credit_per_minute: row.least,
  }
}

/** Whether the prefix begins with one of these, or one of these with it. */
function beginsLikeOneOf(digits: readonly string[]) {
  return sql`exists (select from unnest(${digits}::text[]) each (digits)
    where starts_with(prefix, digits) or starts_with(digits, prefix))`
}
