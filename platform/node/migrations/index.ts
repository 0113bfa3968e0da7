import type { Migration } from '#platform/db'
import { sql as nodes } from './0001-nodes.ts'

/** In order; forward only. */
export const nodeMigrations: readonly Migration[] = [{ owner: 'node', name: '0001-nodes', sql: nodes }]
