import type { Migration } from '#platform/db'
import { sql as tags } from './0001-tags.ts'

/** In order; forward only. */
export const migrations: readonly Migration[] = [{ owner: 'tag-manager', name: '0001-tags', sql: tags }]
