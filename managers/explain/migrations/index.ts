import type { Migration } from '#platform/db'
import { sql as callRecords } from './0001-call-records.ts'
import { sql as refusedCalls } from './0002-refused-calls.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'explain', name: '0001-call-records', sql: callRecords },
  { owner: 'explain', name: '0002-refused-calls', sql: refusedCalls },
]
