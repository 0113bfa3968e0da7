import type { Migration } from '#platform/db'
import { sql as extensions } from './0001-extensions.ts'
import { sql as registrations } from './0002-registrations.ts'
import { sql as trunks } from './0003-trunks.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'registrar-manager', name: '0001-extensions', sql: extensions },
  { owner: 'registrar-manager', name: '0002-registrations', sql: registrations },
  { owner: 'registrar-manager', name: '0003-trunks', sql: trunks },
]
