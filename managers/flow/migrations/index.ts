import type { Migration } from '#platform/db'
import { sql as flows } from './0001-flows.ts'
import { sql as temporaryFlows } from './0002-temporary-flows.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'flow-manager', name: '0001-flows', sql: flows },
  { owner: 'flow-manager', name: '0002-temporary-flows', sql: temporaryFlows },
]
