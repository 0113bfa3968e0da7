import { setImmediate as nextTurn } from 'node:timers/promises'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { RouteTable, type TableRoute } from '#managers/provisioning'
import { row } from '../row.ts'
import { Samples } from '../samples.ts'
import type { Suite } from '../suite.ts'

const PREFIXES = 1_000_000
/** As the call role reads them. */
const SLICE = 250
const SELECTIONS = 200_000
const CUSTOMER = '20000000-0000-4000-8000-000000000001'

/** The selection of routes among a million prefixes: no platform is needed. */
export const routes: Suite = {
  rows: ['route.load_stall_ms', 'route.select_us'],
  async run() {
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
  },
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
