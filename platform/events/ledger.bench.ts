/**
 * `node platform/events/ledger.bench.ts`: milliseconds from the acknowledgement of an event to the poke that tells readers
 * of its place in the ledger, at 500 events/s of twenty customers through the write lanes; events per second when the
 * inbox is full. Baseline: one commit on the same PostgreSQL.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadHub } from '#platform/bus'
import { databaseMigrations, migrate, openDatabase, openServer, PostgresLanes } from '#platform/db'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import {
  eventMigrations,
  eventWrite,
  LEDGER_MOVED,
  type LedgerMoved,
  type NewEvent,
  Sequencer,
  wakeSequencer,
} from './index.ts'

const EVENTS = 1_500
const PER_SECOND = 500
const BACKLOG = 20_000

const dataDir = mkdtempSync(join(tmpdir(), 'strowger-bench-'))
chmodSync(dataDir, 0o755)
const server = await openServer({ dataDir, clock: systemClock, log: silentLog })
const { connection } = server
const bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'bench' })
const lanes = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog })
const sequencer = new Sequencer({ connection, bus, clock: systemClock, log: silentLog })
try {
  await db.ready(10_000)
  await migrate(server, [...databaseMigrations, ...eventMigrations])
  wakeSequencer(bus, lanes)
  sequencer.start()
  const commit = await commitMs()
  const lag = await lagMs()
  await sequencer.stop()
  const perSecond = await backlogPerSecond()
  const ratio = Number((lag.median / commit).toFixed(1))
  console.log(
    JSON.stringify([
      {
        name: 'ledger.lag_ms',
        value: lag.median,
        unit: 'ms',
        p99: lag.p99,
        baseline: { name: 'one commit', value: commit },
        ratio,
      },
      { name: 'ledger.events_per_s', value: Math.round(perSecond), unit: 'events/s' },
    ]),
  )
} finally {
  await sequencer.stop()
  await lanes.stop(5_000)
  await db.close()
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

function eventOf(customer_id: string): NewEvent {
  const resource_id = systemIds.uuid()
  const data = { id: resource_id, status: 'hangup', note: 'x'.repeat(300) }
  return {
    customer_id,
    type: 'call_hangup',
    resource: 'call',
    resource_id,
    public: true,
    activeflow_id: NIL_UUID,
    data,
  }
}

async function commitMs(): Promise<number> {
  await db.query('CREATE TABLE commits (id bigint GENERATED ALWAYS AS IDENTITY)')
  const times: number[] = []
  for (let count = 0; count < 300; count++) {
    const beganMs = systemClock.monotonicMs()
    await db.query('INSERT INTO commits DEFAULT VALUES')
    times.push(systemClock.monotonicMs() - beganMs)
  }
  return spread(times).median
}

/** Each customer's events are counted off as the pokes come: the n-th acknowledged one is in when n have been moved. */
async function lagMs() {
  const customers = Array.from({ length: 20 }, () => systemIds.uuid())
  const acknowledged = new Map<string, number[]>(customers.map((customer) => [customer, []]))
  const lags: number[] = []
  bus.subscribe(LEDGER_MOVED, (body) => {
    const nowMs = systemClock.monotonicMs()
    for (const customer of (body as LedgerMoved).customers)
      for (const atMs of acknowledged.get(customer)?.splice(0) ?? []) lags.push(nowMs - atMs)
  })
  const beganMs = systemClock.monotonicMs()
  const written: Promise<unknown>[] = []
  for (let sent = 0; sent < EVENTS; ) {
    const due = ((systemClock.monotonicMs() - beganMs) * PER_SECOND) / 1_000
    for (; sent < due; sent++) {
      const customer = customers[sent % customers.length] ?? ''
      const acknowledge = () => acknowledged.get(customer)?.push(systemClock.monotonicMs())
      written.push(lanes.write(customer, [eventWrite(eventOf(customer))]).then(acknowledge))
    }
    await new Promise<void>((resolve) => systemClock.after(1, resolve))
  }
  await Promise.all(written)
  return spread(lags)
}

async function backlogPerSecond(): Promise<number> {
  const customers = Array.from({ length: 20 }, () => systemIds.uuid())
  const writes = Array.from({ length: BACKLOG }, (_, at) =>
    lanes.write(`${at}`, [eventWrite(eventOf(customers[at % 20] ?? ''))]),
  )
  await Promise.all(writes)
  const beganMs = systemClock.monotonicMs()
  while ((await db.query('SELECT FROM ledger_move(500)')).length > 0);
  return (BACKLOG * 1_000) / (systemClock.monotonicMs() - beganMs)
}

function spread(values: number[]): { median: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2))
  return { median: at(0.5), p99: at(0.99) }
}
