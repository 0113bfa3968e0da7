import type { Migration } from '#platform/db'
import { sql as deliveries } from './0001-webhook-deliveries.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'webhook', name: '0001-webhook-deliveries', sql: deliveries }]
