import type { Migration } from '#platform/db'
import { sql as customers } from './0001-customers.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'customer-manager', name: '0001-customers', sql: customers }]
