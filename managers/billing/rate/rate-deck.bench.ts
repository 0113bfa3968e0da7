/**
 * `node managers/billing/rate/rate-deck.bench.ts`: microseconds of a price by the longest of a million prefixes, and the longest
 * stall of the event loop while such a deck is taken in. Baseline: the same prices looked up in PostgreSQL.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseMigrations, migrate, openDatabase, openServer } from '#platform/db'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { migrations } from '../migrations/index.ts'
import { DeckLoader } from './deck-loader.ts'
import { DeckStore } from './deck-store.ts'
import { RateDeck } from './rate-deck.ts'

const PREFIXES = 1_000_000
/** Rows of one statement that fills the table. */
const SLICE = 50_000
const LOOKUPS = 200_000

const dataDir = mkdtempSync(join(tmpdir(), 'strowger-bench-'))
chmodSync(dataDir, 0o755)
const server = await openServer({ dataDir, clock: systemClock, log: silentLog })
const db = openDatabase({ connection: server.connection, clock: systemClock, log: silentLog, name: 'bench' })
const rates = new RateDeck({ db, clock: systemClock })
try {
  await db.ready(10_000)
  await migrate(server, [...databaseMigrations, ...migrations])
  for (let first = 1_000_000; first < 1_000_000 + PREFIXES; first += SLICE)
    await db.withDeadline(60_000, () =>
      db.query(
        `insert into rate_deck_rates select 1, 'call_pstn_outgoing', prefix::text, '', 0, 1, 60
         from generate_series($1::bigint, $2::bigint) prefix`,
        [first, first + SLICE - 1],
      ),
    )
  const looked = await microseconds(2_000)
  const longest = watchTurns()
  const startMs = performance.now()
  const loader = new DeckLoader({ db, clock: systemClock, store: new DeckStore() })
  await loader.refresh()
  const stallMs = longest()
  const loadMs = performance.now() - startMs
  rates.start(silentLog)
  while ((await microseconds(100)).median > looked.median / 4);
  const kept = await microseconds(LOOKUPS)
  const ratio = Number((looked.median / kept.median).toFixed(1))
  const baseline = { name: 'in PostgreSQL', value: looked.median }
  console.log(
    JSON.stringify([
      { name: 'rates.lookup_us', value: kept.median, unit: 'µs', p99: kept.p99, baseline, ratio },
      { name: 'rates.load_stall_ms', value: Number(stallMs.toFixed(1)), unit: 'ms' },
      { name: 'rates.load_s', value: Number((loadMs / 1_000).toFixed(1)), unit: 's' },
    ]),
  )
} finally {
  await rates.stop()
  await db.close()
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

/** The most time that one turn of the event loop takes of a processor, in milliseconds; what other programs take is not ours. */
function watchTurns(): () => number {
  let most = 0
  let last = process.threadCpuUsage()
  let watching = true
  const look = () => {
    const { user, system } = process.threadCpuUsage(last)
    last = process.threadCpuUsage()
    most = Math.max(most, (user + system) / 1_000)
    if (watching) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    watching = false
    return most
  }
}

async function microseconds(times: number): Promise<{ median: number; p99: number }> {
  const took = new Float64Array(times)
  for (let at = 0; at < times; at++) {
    const number = `+${1 + Math.floor(Math.random() * 999_999_999)}`
    const startMs = performance.now()
    await rates.rateOf({ cost_type: 'call_pstn_outgoing', number })
    took[at] = (performance.now() - startMs) * 1_000
  }
  took.sort()
  const of = (share: number) => Number((took[Math.floor(times * share)] ?? 0).toFixed(1))
  return { median: of(0.5), p99: of(0.99) }
}
