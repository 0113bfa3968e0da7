import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import {
  type Connection,
  type Database,
  databaseMigrations,
  type Migration,
  migrate,
  openDatabase,
  openServer,
  Session,
} from '#platform/db'
import { eventMigrations } from '#platform/events'
import { type Log, silentLog } from '#platform/log'
import { nodeMigrations } from '#platform/node'
import { type Clock, systemClock } from '#platform/time'

/** A database of a test file's own. */
export interface TestDatabase {
  db: Database
  connection: Connection
  /** Its name in the cluster. */
  name: string
}

export interface TestDatabaseOptions {
  clock?: Clock
  log?: Log
}

/** One cluster for every test process of this account, kept between runs; nothing in it outlives its test. */
const folder = join(tmpdir(), `strowger-test-${process.getuid?.() ?? 0}`)
const users = join(folder, 'users')
/** Takes turns where templates are made. */
const LOCK = 7_342_985_112_099
const MOST_TEMPLATES = 30

let cluster: Promise<Connection> | undefined
let made = 0

/** Starts the tests' PostgreSQL, or joins the one that runs. */
export function startTestCluster(): Promise<Connection> {
  cluster ??= openCluster()
  return cluster
}

/** Stops the tests' PostgreSQL unless another process still tests; for the end of a whole run. */
export async function stopTestCluster(): Promise<void> {
  rmSync(join(users, String(process.pid)), { force: true })
  if (livingUsers().length > 0) return
  const server = await open()
  await server.stop()
}

/**
 * A fresh, empty database with these migrations (and those of the platform's own tables) applied; closed and dropped when
 * the tests of the file, or the test that asked for it, are over.
 */
export async function freshDatabase(
  migrations: readonly Migration[] = [],
  { clock = systemClock, log = silentLog }: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  // Registered before anything is awaited: behind a promise that another test made, the hook would be that test's.
  const cleanups: (() => Promise<void>)[] = []
  after(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  const server = await startTestCluster()
  const name = `test_${process.pid}_${made++}`
  const admin = await Session.open(server, { name: 'test kit' })
  try {
    const template = await ensureTemplate(admin, server, withPlatform(migrations))
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  } finally {
    await admin.end()
  }
  const connection = { ...server, database: name }
  const db = openDatabase({ connection, clock, log, name })
  cleanups.push(
    () => db.close(),
    () => dropDatabase(server, name),
  )
  await db.ready(10_000)
  return { db, connection, name }
}

async function openCluster(): Promise<Connection> {
  mkdirSync(users, { recursive: true })
  writeFileSync(join(users, String(process.pid)), '')
  process.once('exit', () => rmSync(join(users, String(process.pid)), { force: true }))
  const server = await open()
  server.release()
  await dropLeftovers(server.connection)
  return server.connection
}

function open() {
  return openServer({
    dataDir: folder,
    clock: systemClock,
    log: silentLog,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200', autovacuum: 'off' },
  })
}

function withPlatform(migrations: readonly Migration[]): Migration[] {
  const platform = [...databaseMigrations, ...eventMigrations, ...nodeMigrations]
  const given = new Set(migrations.map(({ owner, name }) => `${owner}/${name}`))
  return [...platform.filter(({ owner, name }) => !given.has(`${owner}/${name}`)), ...migrations]
}

/** The template with these migrations; made once per content, by whoever is first. */
async function ensureTemplate(admin: Session, server: Connection, migrations: readonly Migration[]): Promise<string> {
  const day = new Date(systemClock.wallMs()).toISOString().slice(0, 10) // the ledger's partitions are made per day
  const hash = createHash('sha256')
    .update(JSON.stringify([day, migrations]))
    .digest('hex')
    .slice(0, 20)
  const template = `template_${hash}`
  const exists = async () =>
    (await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])).rows.length > 0
  if (await exists()) return template
  await admin.query('SELECT pg_advisory_lock($1)', [LOCK])
  try {
    if (await exists()) return template
    await dropOldTemplates(admin)
    const making = `making_${hash}`
    await admin.query(`DROP DATABASE IF EXISTS ${making} WITH (FORCE)`)
    await admin.query(`CREATE DATABASE ${making}`)
    await migrate({ connection: { ...server, database: making } as Connection }, migrations)
    await renameWhenFree(admin, making, template)
    return template
  } finally {
    await admin.query('SELECT pg_advisory_unlock($1)', [LOCK])
  }
}

/** A session that has just ended may still count as a user of the database for a moment. */
async function renameWhenFree(admin: Session, from: string, to: string): Promise<void> {
  await admin.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [from])
  await admin.query(`ALTER DATABASE ${from} RENAME TO ${to}`)
}

async function dropOldTemplates(admin: Session): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%' ORDER BY oid DESC OFFSET $1`,
    [MOST_TEMPLATES],
  )
  for (const { datname } of rows) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`)
}

async function dropDatabase(server: Connection, name: string): Promise<void> {
  const admin = await Session.open(server, { name: 'test kit' })
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).finally(() => admin.end())
}

/** Databases of test processes that were killed. */
async function dropLeftovers(server: Connection): Promise<void> {
  const admin = await Session.open(server, { name: 'test kit' })
  try {
    const { rows } = await admin.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname ~ '^test_[0-9]+_[0-9]+$'`,
    )
    for (const { datname } of rows)
      if (!isAlive(Number(datname.split('_')[1]))) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`)
  } finally {
    await admin.end()
  }
}

function livingUsers(): string[] {
  try {
    return readdirSync(users).filter((pid) => isAlive(Number(pid)))
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
