import type { Migration } from '../migrate.ts'
import { sql as lanes } from './0001-lanes.ts'

/** In order; forward only. */
export const databaseMigrations: readonly Migration[] = [{ owner: 'database', name: '0001-lanes', sql: lanes }]
