import { sql } from 'kysely'
import type { Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import { DeckStore } from '../rate/deck-store.ts'
import type { DearestRate } from './exposure.ts'

/**
 * The dearest call that the deck in force has a price for, whatever its prefix: which country a prefix belongs to is the
 * business of others, so an exposure may be too high and is never too low.
 */
export async function dearestRate(db: Database, clock: Clock): Promise<DearestRate | undefined> {
  const version = await new DeckStore().versionAt(db, timestamp(clock.wallMs()))
  if (version === undefined) return undefined
  const { rows } = await sql<{ unit_seconds: number; unit: number; minute: number; least: number; has_flat: boolean }>`
    select max(unit_seconds)::bigint as unit_seconds, max(credit_per_unit)::bigint as unit,
      max(ceil(credit_per_unit * 60.0 / greatest(unit_seconds, 1)))::bigint as minute,
      bool_or(unit_seconds = 0) as has_flat,
      min(floor(credit_per_unit * 60.0 / greatest(unit_seconds, 60)))::bigint as least
    from rate_deck_rates where version = ${version} and cost_type = 'call_pstn_outgoing'`.execute(db.kysely())
  const row = rows[0]
  return (
    row && {
      unit_seconds: row.unit_seconds,
      credit_per_unit: row.unit,
      credit_per_minute: row.has_flat ? Number.POSITIVE_INFINITY : row.minute,
      least_credit_per_minute: row.least,
    }
  )
}
