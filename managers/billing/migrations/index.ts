import type { Migration } from '#platform/db'
import { sql as accounts } from './0001-billing-accounts.ts'
import { sql as billings } from './0002-billings.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'billing-manager', name: '0001-billing-accounts', sql: accounts },
  { owner: 'billing-manager', name: '0002-billings', sql: billings },
]
