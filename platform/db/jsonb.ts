import { type RawBuilder, sql } from 'kysely'

/** A value for a `jsonb` column; needed for arrays, which the driver would take for PostgreSQL arrays. */
export function jsonb<T>(value: T): RawBuilder<T> {
  return sql<T>`${JSON.stringify(value)}::jsonb`
}
