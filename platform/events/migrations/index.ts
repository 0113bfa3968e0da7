import type { Migration } from '#platform/db'
import { sql as ledger } from './0001-ledger.ts'
import { sql as timelineIndexes } from './0002-timeline-indexes.ts'
import { sql as whatIsKept } from './0003-what-is-kept.ts'

/** In order; forward only. */
export const eventMigrations: readonly Migration[] = [
  { owner: 'events', name: '0001-ledger', sql: ledger },
  { owner: 'events', name: '0002-timeline-indexes', sql: timelineIndexes },
  { owner: 'events', name: '0003-what-is-kept', sql: whatIsKept },
]
