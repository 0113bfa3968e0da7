import type { Migration } from '#platform/db'
import { sql as agents } from './0001-agents.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'agent-manager', name: '0001-agents', sql: agents }]
