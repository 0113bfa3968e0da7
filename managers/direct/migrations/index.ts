import type { Migration } from '#platform/db'
import { sql as directs } from './0001-directs.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'direct-manager', name: '0001-directs', sql: directs }]
