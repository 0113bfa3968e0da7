/**
 * `node platform/db/lanes/lanes.bench.ts`: what the write lanes carry on a PostgreSQL that syncs every commit: rows per
 * second with 64 calls writing as fast as they are acknowledged, and the time to the acknowledgement at 1,500 writes/s
 * (50 calls/s of thirty writes). Baseline: the same row as one INSERT per commit on one connection.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { databaseMigrations, type LaneTable, migrate, openServer, PostgresLanes, Session } from '../index.ts'

const RUN_MS = 3_000
const table: LaneTable = {
  name: 'rows',
  columns: { id: 'uuid', call: 'text', data: 'jsonb' },
  mode: 'append',
  key: [],
}
const migration = {
  owner: 'bench',
  name: '0001',
  sql: 'CREATE TABLE rows (id uuid PRIMARY KEY, call text, data jsonb)',
}
const data = { status: 'progressing', source: { type: 'tel', target: '+899100000001' }, note: 'x'.repeat(200) }

const dataDir = mkdtempSync(join(tmpdir(), 'strowger-bench-'))
chmodSync(dataDir, 0o755)
const server = await openServer({ dataDir, clock: systemClock, log: silentLog })
try {
  await migrate(server, [...databaseMigrations, migration])
  const single = await oneByOne()
  const lanes = new PostgresLanes({ connection: server.connection, clock: systemClock, ids: systemIds, log: silentLog })
  const full = await flatOut(lanes)
  const paced = await atPace(lanes, 1_500)
  await lanes.stop(5_000)
  console.log(
    JSON.stringify([
      {
        name: 'lanes.rows_per_s',
        value: Math.round(full.perSecond),
        unit: 'rows/s',
        p99: full.p99,
        baseline: { name: 'one INSERT per commit', value: Math.round(single) },
        ratio: Number((full.perSecond / single).toFixed(1)),
      },
      { name: 'lanes.acknowledge_ms', value: paced.median, unit: 'ms', p99: paced.p99 },
    ]),
  )
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

async function oneByOne(): Promise<number> {
  const session = await Session.open(server.connection, { name: 'bench' })
  const endMs = systemClock.monotonicMs() + RUN_MS
  let count = 0
  for (; systemClock.monotonicMs() < endMs; count++)
    await session.query('INSERT INTO rows VALUES ($1, $2, $3)', [systemIds.uuid(), 'call', data], 'insert')
  await session.end()
  return (count * 1_000) / RUN_MS
}

async function flatOut(lanes: PostgresLanes) {
  const endMs = systemClock.monotonicMs() + RUN_MS
  const waits: number[] = []
  const writers = Array.from({ length: 64 }, async (_, call) => {
    while (systemClock.monotonicMs() < endMs) waits.push(await write(lanes, `call-${call}`, 4))
  })
  await Promise.all(writers)
  return { perSecond: (waits.length * 4 * 1_000) / RUN_MS, ...spread(waits) }
}

async function atPace(lanes: PostgresLanes, perSecond: number) {
  const beganMs = systemClock.monotonicMs()
  const waits: number[] = []
  const written: Promise<void>[] = []
  for (let sent = 0; sent < (perSecond * RUN_MS) / 1_000; ) {
    const due = ((systemClock.monotonicMs() - beganMs) * perSecond) / 1_000
    for (; sent < due; sent++) written.push(write(lanes, `call-${sent % 50}`, 1).then((ms) => void waits.push(ms)))
    await new Promise<void>((resolve) => systemClock.after(1, resolve))
  }
  await Promise.all(written)
  return spread(waits)
}

async function write(lanes: PostgresLanes, call: string, rows: number): Promise<number> {
  const beganMs = systemClock.monotonicMs()
  const writes = Array.from({ length: rows }, () => ({ table, row: { id: systemIds.uuid(), call, data } }))
  await lanes.write(call, writes)
  return systemClock.monotonicMs() - beganMs
}

function spread(values: number[]): { median: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2))
  return { median: at(0.5), p99: at(0.99) }
}
