import type { Migration } from '#platform/db'
import { sql as storage } from './0001-storage.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'storage-manager', name: '0001-storage', sql: storage }]
