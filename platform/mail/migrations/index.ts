import type { Migration } from '#platform/db'
import { sql as mails } from './0001-mails.ts'

/** In order; forward only. */
export const mailMigrations: readonly Migration[] = [{ owner: 'mail', name: '0001-mails', sql: mails }]
