import type { Migration } from '#platform/db'
import { sql as numbers } from './0001-numbers.ts'
import { sql as purchases } from './0002-purchases.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'number-manager', name: '0001-numbers', sql: numbers },
  { owner: 'number-manager', name: '0002-purchases', sql: purchases },
]
