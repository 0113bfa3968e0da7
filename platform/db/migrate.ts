import { createHash } from 'node:crypto'
import type { Log } from '#platform/log'
import type { Connection } from './database.ts'
import { Session } from './session.ts'

/** One step of one owner's schema; once released its text never changes, a later step mends it. */
export interface Migration {
  /** Who owns the tables, e.g. `call-manager`. */
  owner: string
  /** Orders an owner's steps, e.g. `0001-calls`. */
  name: string
  sql: string
}

/** A migration that cannot be run: its text differs from what was applied, or an applied one is missing. */
export class MigrationRefused extends Error {
  override name = 'MigrationRefused'
}

/** One lock for all of us: the hash of `strowger migrations`, so that two starts at once take turns. */
const LOCK = 7_342_985_112_034

const TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
  owner text NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  tm_applied timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, name)
)`

/**
 * Brings the schema up to date: runs each owner's migrations that have not been applied, in the order given (of one owner:
 * in the order of the names), each in a transaction of its own. Refuses when the text of an applied one has changed, or a
 * newer version of the platform has been here. Resolves to the ones it ran, as `owner/name`.
 */
export async function migrate(
  { connection }: { connection: Connection },
  migrations: readonly Migration[],
  log?: Log,
): Promise<string[]> {
  checkOrder(migrations)
  const session = await Session.open(connection, { name: 'strowger migrations' })
  try {
    await session.query('SELECT pg_advisory_lock($1)', [LOCK])
    await session.query(TABLE)
    const { rows } = await session.query<Applied>('SELECT owner, name, checksum FROM schema_migrations')
    checkApplied(migrations, rows)
    const done = new Set(rows.map(({ owner, name }) => `${owner}/${name}`))
    const missing = migrations.filter(({ owner, name }) => !done.has(`${owner}/${name}`))
    for (const each of missing) {
      await apply(session, each)
      log?.info({ owner: each.owner, migration: each.name }, 'migrated the database')
    }
    return missing.map(({ owner, name }) => `${owner}/${name}`)
  } finally {
    await session.end()
  }
}

interface Applied {
  owner: string
  name: string
  checksum: string
}

async function apply(session: Session, migration: Migration): Promise<void> {
  const { owner, name, sql } = migration
  await session.query('BEGIN')
  try {
    await session.script(sql)
    await session.query('INSERT INTO schema_migrations (owner, name, checksum) VALUES ($1, $2, $3)', [
      owner,
      name,
      checksum(migration),
    ])
    await session.query('COMMIT')
  } catch (cause) {
    if (!session.lost) await session.query('ROLLBACK')
    throw new Error(`The migration ${owner}/${name} failed`, { cause })
  }
}

function checkOrder(migrations: readonly Migration[]): void {
  const last = new Map<string, string>()
  for (const { owner, name } of migrations) {
    const before = last.get(owner)
    if (before !== undefined && before >= name)
      throw new MigrationRefused(`${owner}/${name} is listed after ${owner}/${before}: names order the migrations`)
    last.set(owner, name)
  }
}

function checkApplied(migrations: readonly Migration[], applied: readonly Applied[]): void {
  const owners = new Set(migrations.map(({ owner }) => owner))
  for (const { owner, name, checksum: was } of applied) {
    const known = migrations.find((each) => each.owner === owner && each.name === name)
    if (!known) {
      if (!owners.has(owner)) continue
      throw new MigrationRefused(`The database has ${owner}/${name}, which this version does not know: it is newer.`)
    }
    if (checksum(known) !== was)
      throw new MigrationRefused(`${owner}/${name} has been applied with another text; add a new migration instead.`)
  }
  for (const { owner, name } of migrations) {
    const later = applied.find((each) => each.owner === owner && each.name > name)
    if (later && !applied.some((each) => each.owner === owner && each.name === name))
      throw new MigrationRefused(`${owner}/${name} has to come after ${owner}/${later.name}, which is applied already.`)
  }
}

function checksum({ sql }: Migration): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n').trim()).digest('hex')
}
