import type { Migration } from '#platform/db'
import { sql as customers } from './0001-customers.ts'
import { sql as accesskeyUse } from './0002-accesskey-use.ts'

const owner = 'customer-manager'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner, name: '0001-customers', sql: customers },
  { owner, name: '0002-accesskey-use', sql: accesskeyUse },
]
