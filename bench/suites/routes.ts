import { setImmediate as nextTurn } from 'node:timers/promises'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { NumberStore } from '#managers/number'
import { RouteTable, type TableRoute } from '#managers/provisioning'
import { openDatabase } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type Row, row } from '../row.ts'
import { Samples } from '../samples.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const PREFIXES = 1_000_000
/** As the call role reads them. */
const SLICE = 100
const SELECTIONS = 200_000
const NUMBERS = 100_000
const LOOKUPS = 5_000
const CUSTOMER = '20000000-0000-4000-8000-000000000001'

/** Who is meant by a number, and the ways to it. */
export const routes: Suite = {
  rows: ['route.load_stall_ms', 'route.select_us', 'number.find_ms'],
  async run(getStage, wanted) {
    const rows = wanted('number.find_ms') ? [await findNumbers(await getStage())] : []
    return wanted('route.load_stall_ms') || wanted('route.select_us') ? [...(await selectRoutes()), ...rows] : rows
  },
}

/** Among a million prefixes: no platform is needed. */
async function selectRoutes(): Promise<Row[]> {
  const table = new RouteTable()
  const stalls = new Samples()
  for (let from = 0; from < PREFIXES; from += SLICE) {
    const startMs = performance.now()
    for (let at = from; at < from + SLICE; at++) table.put(routeOf(at))
    stalls.add(performance.now() - startMs)
    await nextTurn()
  }
  const selections = new Samples()
  const few = new Samples()
  const small = new RouteTable()
  small.put({ ...routeOf(0), target: 'all' })
  for (let at = 0; at < SELECTIONS; at++) {
    const number = `+${prefixOf((at * 7_919) % PREFIXES)}5550123`
    selections.add(micros(() => [...table.of(CUSTOMER, number)]))
    few.add(micros(() => [...small.of(CUSTOMER, number)]))
  }
  return [
    row(
      'route.load_stall_ms',
      stalls.percentile(1),
      'ms',
      `longest stop of the event loop while ${PREFIXES} routes are taken in, ${SLICE} in each turn`,
      { p99: stalls.percentile(0.99) },
    ),
    row('route.select_us', selections.median, 'µs', `the routes for a number among ${PREFIXES} prefixes`, {
      p99: selections.percentile(0.99),
      baseline: { name: 'one route for everything', value: few.median },
    }),
  ]
}

/** The number that an INVITE dials, among as many as there are, each by itself. */
async function findNumbers(stage: Stage): Promise<Row> {
  const { host: socketFolder, ...place } = stage.database()
  const db = openDatabase({ connection: { socketFolder, ...place }, clock: systemClock, log: silentLog, name: 'bench' })
  await db.query(
    `insert into numbers select gen_random_uuid(), $1, '+4930' || (10000000 + n), 'normal', $2, $2, '', '', 'active', false,
       false, '{"rtp_debug": false}', now(), now(), now(), null, null from generate_series(1, $3) n`,
    [CUSTOMER, NIL_UUID, NUMBERS],
  )
  await db.query('analyze numbers')
  const store = new NumberStore(db)
  const took = new Samples()
  for (let at = 0; at < LOOKUPS; at++) {
    const startMs = performance.now()
    const found = await store.findByNumber(`+4930${10_000_001 + ((at * 7_919) % NUMBERS)}`)
    took.add(performance.now() - startMs)
    if (!found) throw new Error('a number is missing')
  }
  const bare = new Samples()
  for (let at = 0; at < LOOKUPS; at++) {
    const startMs = performance.now()
    await db.query('select 1')
    bare.add(performance.now() - startMs)
  }
  await db.query('delete from numbers where customer_id = $1', [CUSTOMER])
  await db.close()
  return row(
    'number.find_ms',
    took.median,
    'ms',
    `the number that is dialled among ${NUMBERS}, one look-up at a time`,
    {
      p99: took.percentile(0.99),
      baseline: { name: 'select 1 over the same connection', value: bare.median },
    },
  )
}

/** Prefixes of four to ten digits, none twice. */
function prefixOf(at: number): number {
  return 1_000 + at * 3
}

function routeOf(at: number): TableRoute {
  return {
    id: `10000000-0000-4000-8000-${at.toString(16).padStart(12, '0')}`,
    customer_id: ROUTING_CUSTOMER_ID,
    provider_id: `30000000-0000-4000-8000-${(at % 20).toString(16).padStart(12, '0')}`,
    priority: at % 3,
    target: `+${prefixOf(at)}`,
    cost: at % 100,
    tm_create: '2026-01-02T03:04:05.123456Z',
  }
}

function micros(run: () => unknown): number {
  const start = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - start) / 1_000
}
