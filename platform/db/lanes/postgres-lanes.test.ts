import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, freshDatabase, ownServer, signalServer, tempFolder } from '#testkit'
import {
  type Connection,
  LanesFull,
  type LanesOptions,
  LanesStopped,
  type LaneTable,
  type LaneWrite,
  migrate,
  PostgresLanes,
  Session,
  sqlState,
  WriteFenced,
} from '../index.ts'

const teaMigration = {
  owner: 'tea',
  name: '0001',
  sql: `CREATE TABLE teas (id text PRIMARY KEY, owner text, count bigint NOT NULL CHECK (count >= 0));
        CREATE TABLE steps (step bigint GENERATED ALWAYS AS IDENTITY, tea text, count bigint NOT NULL)`,
}
const columns = { id: 'text', owner: 'text', count: 'bigint' }
const teas: LaneTable = { name: 'teas', columns, mode: 'upsert', key: ['id'] }
const ownTeas: LaneTable = { ...teas, guard: ['owner'] }
const noTeas: LaneTable = { name: 'teas', columns: { id: 'text' }, mode: 'delete', key: ['id'] }
const steps: LaneTable = { name: 'steps', columns: { tea: 'text', count: 'bigint' }, mode: 'append', key: [] }

const save = (id: string, count: number, owner = 'me'): LaneWrite => ({ table: teas, row: { id, owner, count } })
const saveOwn = (id: string, count: number, owner: string): LaneWrite => ({ table: ownTeas, row: { id, owner, count } })
const remove = (id: string): LaneWrite => ({ table: noTeas, row: { id } })
const step = (tea: string, count: number): LaneWrite => ({ table: steps, row: { tea, count } })

function lanesTo(t: TestContext, connection: Connection, options: Partial<LanesOptions> = {}): PostgresLanes {
  const lanes = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog, ...options })
  t.after(() => lanes.stop(0))
  return lanes
}

async function rowsOf(connection: Connection, text: string): Promise<unknown[]> {
  const session = await Session.open(connection, { name: 'test' })
  try {
    return (await session.query(text)).rows
  } finally {
    await session.end()
  }
}

test('what was acknowledged is there: rows, steps in order, removals', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection)
  await Promise.all([
    lanes.write('a', [save('a', 1), step('a', 1)]),
    lanes.write('b', [save('b', 1), step('b', 1)]),
    lanes.write('a', [save('a', 2), step('a', 2)]),
    lanes.write('b', [remove('b'), step('b', 2)]),
  ])
  assert.deepEqual(await db.query('SELECT id, count FROM teas ORDER BY id'), [{ id: 'a', count: 2 }])
  assert.deepEqual(await db.query("SELECT count FROM steps WHERE tea = 'a' ORDER BY step"), [
    { count: 1 },
    { count: 2 },
  ])
  assert.equal(lanes.waiting, 0)
  assert.equal(lanes.oldestMs, 0)
})

test('writes that come together share a commit', async (t) => {
  const { connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection, { lanes: 1 })
  await Promise.all(
    Array.from({ length: 500 }, (_, at) => lanes.write(`tea-${at}`, [save(`tea-${at}`, 1), step('x', at)])),
  )
  assert.ok(lanes.counts.batches <= 10, `${lanes.counts.batches} batches`)
  assert.equal(lanes.counts.written, 1_000)
})

test('what is changed after it was handed over is written as it was handed over', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const row = { id: 'a', owner: 'me', count: 1 }
  const written = lanesTo(t, connection).write('a', [{ table: teas, row }])
  row.count = 99
  await written
  assert.deepEqual(await db.query('SELECT count FROM teas'), [{ count: 1 }])
})

test('a row that another incarnation owns by now is not overwritten, and nothing that came with it is written', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection, { lanes: 1 })
  await lanes.write('a', [saveOwn('a', 1, 'old')])
  await db.query("UPDATE teas SET owner = 'new', count = 5")
  const fenced = assert.rejects(lanes.write('a', [saveOwn('a', 2, 'old'), step('a', 2)]), WriteFenced)
  const others = lanes.write('b', [saveOwn('b', 1, 'old'), step('b', 1)])
  await Promise.all([fenced, others])
  assert.deepEqual(await db.query('SELECT id, owner, count FROM teas ORDER BY id'), [
    { id: 'a', owner: 'new', count: 5 },
    { id: 'b', owner: 'old', count: 1 },
  ])
  assert.deepEqual(await db.query('SELECT tea FROM steps'), [{ tea: 'b' }])
  assert.equal(lanes.counts.fenced, 2)
})

test('a row that can never be written is refused with its error; its neighbours are written, the lane goes on', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection, { lanes: 1 })
  const outcomes = await Promise.allSettled([
    ...[1, 2, 3].map((count) => lanes.write('a', [save('a', count), step('a', count)])),
    lanes.write('b', [save('b', -1), step('b', -1)]),
    lanes.write('c', [{ table: teas, row: { id: 'c\u0000', count: 1 } }]),
    ...[4, 5].map((count) => lanes.write('a', [save('a', count), step('a', count)])),
  ])
  assert.deepEqual(
    outcomes.map((each) => (each.status === 'rejected' ? sqlState(each.reason) : 'written')),
    [...['written', 'written', 'written'], '23514', '22P05', ...['written', 'written']],
  )
  assert.deepEqual(await db.query('SELECT id, count FROM teas'), [{ id: 'a', count: 5 }])
  assert.deepEqual(
    await db.query('SELECT count FROM steps ORDER BY step'),
    [1, 2, 3, 4, 5].map((count) => ({ count })),
  )
})

test('above the limit a write is turned away at once and the others are kept', async (t) => {
  const server = await ownServer(t)
  await migrate(server, [teaMigration])
  const lanes = lanesTo(t, server.connection, { limit: 10 })
  signalServer(server, 'SIGSTOP')
  const kept = Array.from({ length: 10 }, (_, at) => lanes.write('a', [save('a', at)]))
  await assert.rejects(lanes.write('a', [save('a', 10)]), LanesFull)
  assert.equal(lanes.waiting, 10)
  signalServer(server, 'SIGCONT')
  await Promise.all(kept)
  assert.deepEqual(await rowsOf(server.connection, 'SELECT count FROM teas'), [{ count: 9 }])
})

test('while the server hangs writes wait and age, nothing is lost or doubled, and order is kept', async (t) => {
  const server = await ownServer(t)
  await migrate(server, [teaMigration])
  const lanes = lanesTo(t, server.connection)
  await lanes.write('a', [step('a', 0)])
  signalServer(server, 'SIGSTOP')
  const heapBefore = process.memoryUsage().heapUsed
  const beganMs = systemClock.monotonicMs()
  const written: Promise<void>[] = []
  for (let count = 1; systemClock.monotonicMs() - beganMs < 3_000; count++) {
    written.push(lanes.write('a', [step('a', count), save('a', count)]))
    await new Promise((resolve) => systemClock.after(1, () => resolve(undefined)))
  }
  assert.ok(lanes.oldestMs > 2_500, `${lanes.oldestMs} ms`)
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 64 << 20)
  signalServer(server, 'SIGCONT')
  await Promise.all(written)
  const counts = (await rowsOf(server.connection, 'SELECT count FROM steps ORDER BY step')) as { count: number }[]
  assert.deepEqual(
    counts.map(({ count }) => count),
    Array.from({ length: written.length + 1 }, (_, at) => at),
  )
  assert.deepEqual(await rowsOf(server.connection, 'SELECT count FROM teas'), [{ count: written.length }])
})

test('the server is killed over and over: every acknowledged write is there, once, and in order', async (t) => {
  const server = await ownServer(t)
  await migrate(server, [teaMigration])
  const lanes = lanesTo(t, server.connection)
  const keys = ['a', 'b', 'c', 'd']
  const acknowledged = new Map(keys.map((key) => [key, 0]))
  let writing = true
  const writers = keys.map(async (key) => {
    for (let count = 1; writing; count++) {
      await lanes.write(key, [step(key, count), save(key, count)])
      acknowledged.set(key, count)
    }
  })
  for (let round = 0; round < 3; round++) {
    const before = acknowledged.get('a') ?? 0
    await eventually('the writers go on', () => (acknowledged.get('a') ?? 0) > before + 20)
    signalServer(server, 'SIGKILL')
  }
  const before = acknowledged.get('a') ?? 0
  await eventually('the writers go on', () => (acknowledged.get('a') ?? 0) > before)
  writing = false
  await Promise.all(writers)
  for (const key of keys) {
    const rows = (await rowsOf(server.connection, `SELECT count FROM steps WHERE tea = '${key}' ORDER BY step`)) as {
      count: number
    }[]
    assert.deepEqual(
      rows.map(({ count }) => count),
      Array.from({ length: acknowledged.get(key) ?? 0 }, (_, at) => at + 1),
    )
  }
})

test('a batch whose answer was lost is not written twice', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const proxy = await deafProxy(t, connection)
  const lanes = lanesTo(t, proxy.connection, { lanes: 1 })
  await lanes.write('a', [step('a', 1)])
  proxy.swallowAnswers()
  const written = lanes.write('a', [step('a', 2)])
  await eventually('it is committed', async () => (await db.query('SELECT FROM steps WHERE count = 2')).length === 1)
  proxy.cut()
  await written
  await lanes.write('a', [step('a', 3)])
  assert.deepEqual(await db.query('SELECT count FROM steps ORDER BY step'), [{ count: 1 }, { count: 2 }, { count: 3 }])
})

test('a batch that another connection has committed already is taken for written', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection, { lanes: 1 })
  await lanes.write('a', [step('a', 1)])
  await db.query('UPDATE lane_batches SET batch = batch + 1') // as the abandoned connection of a stalled server would
  await lanes.write('a', [step('a', 2)])
  assert.deepEqual(await db.query('SELECT count FROM steps'), [{ count: 1 }])
  await lanes.write('a', [step('a', 3)])
  assert.deepEqual(await db.query('SELECT count FROM steps ORDER BY step'), [{ count: 1 }, { count: 3 }])
})

test('a stop writes what waits; what cannot be written by its deadline is refused, not forgotten', async (t) => {
  const { db, connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection)
  const written = lanes.write('a', [save('a', 1)])
  assert.equal(await lanes.stop(5_000), 0)
  await written
  await assert.rejects(lanes.write('a', [save('a', 2)]), LanesStopped)
  assert.deepEqual(await db.query('SELECT count FROM teas'), [{ count: 1 }])

  const nowhere = lanesTo(t, { ...connection, url: 'postgres://nobody@127.0.0.1:1/none' })
  const lost = assert.rejects(nowhere.write('a', [save('a', 1)]), LanesStopped)
  assert.equal(await nowhere.stop(50), 1)
  await lost
})

test('whoever wants to know learns which tables a batch has changed', async (t) => {
  const { connection } = await freshDatabase([teaMigration])
  const lanes = lanesTo(t, connection)
  const told = new Promise<ReadonlySet<string>>((resolve) => lanes.onCommit(resolve))
  await lanes.write('a', [save('a', 1), step('a', 1)])
  assert.deepEqual([...(await told)], ['teas', 'steps'])
})

/** A way to the server that can lose its answers. */
async function deafProxy(t: TestContext, connection: Connection) {
  assert.ok('socketFolder' in connection)
  const name = `.s.PGSQL.${connection.port}`
  const folder = tempFolder(t)
  const clients = new Set<Socket>()
  let deaf = false
  const proxy = createServer((client) => {
    const server = connect(join(connection.socketFolder, name))
    clients.add(client)
    client.pipe(server)
    server.on('data', (chunk) => deaf || client.write(chunk))
    for (const end of [client, server])
      end.on('error', () => {}).on('close', () => [client, server].map((each) => each.destroy()))
  })
  await new Promise<void>((resolve) => proxy.listen(join(folder, name), resolve))
  t.after(() => {
    proxy.close()
    for (const client of clients) client.destroy()
  })
  return {
    connection: { ...connection, socketFolder: folder },
    swallowAnswers: () => {
      deaf = true
    },
    cut: () => {
      deaf = false
      for (const client of clients) client.destroy()
    },
  }
}
