import type { Migration } from '#platform/db'
import { sql as calls } from './0001-calls.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'call-manager', name: '0001-calls', sql: calls }]
