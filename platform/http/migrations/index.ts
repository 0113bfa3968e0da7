import type { Migration } from '#platform/db'
import { sql as idempotency } from './0001-idempotency.ts'

/** In order; forward only. */
export const httpMigrations: readonly Migration[] = [{ owner: 'http', name: '0001-idempotency', sql: idempotency }]
