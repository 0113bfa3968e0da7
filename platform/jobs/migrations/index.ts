import type { Migration } from '#platform/db'
import { sql as jobs } from './0001-jobs.ts'

/** In order; forward only. */
export const jobMigrations: readonly Migration[] = [{ owner: 'jobs', name: '0001-jobs', sql: jobs }]
