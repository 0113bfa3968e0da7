import type { Migration } from '#platform/db'
import { sql as deliveries } from './0001-webhook-deliveries.ts'
import { sql as log } from './0002-delivery-log.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [
  { owner: 'webhook', name: '0001-webhook-deliveries', sql: deliveries },
  { owner: 'webhook', name: '0002-delivery-log', sql: log },
]
