import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { ALL, kindOfTarget } from './route.ts'
import type { RouteRecord } from './route-store.ts'
import { ShardedMap } from './sharded-map.ts'

/** A route as the selection needs it. */
export type TableRoute = Pick<
  RouteRecord,
  'id' | 'customer_id' | 'provider_id' | 'priority' | 'target' | 'cost' | 'tm_create'
>

/** The digits of a number that a prefix may have. */
const MOST_DIGITS = 15

/** One customer's routes. Those of one target are in the order in which they are tried. */
interface CustomerRoutes {
  all: readonly TableRoute[]
  /** By the digits as a number: no prefix begins with a zero. */
  prefixes: ShardedMap<number, readonly TableRoute[]>
  emergency: Map<string, readonly TableRoute[]>
}

/**
 * The routes of everybody in memory (`provisioning.md` §3), for a million prefixes: a selection looks up each length of a
 * number's beginning, and a change touches the routes of one target, so that nothing is ever built anew.
 */
export class RouteTable {
  readonly #customers = new Map<string, CustomerRoutes>()
  readonly #byId = new ShardedMap<string, TableRoute>()
  readonly #ids = new Map<string, string>()

  get size(): number {
    return this.#byId.size
  }

  /** Takes a route in, in place of what it was before. */
  put(row: TableRoute): void {
    this.remove(row.id)
    const route = this.#compact(row)
    this.#byId.set(route.id, route)
    const routes = this.#customers.get(route.customer_id) ?? newRoutes()
    this.#customers.set(route.customer_id, routes)
    write(routes, route.target, (before) => [...before, route].sort(inOrder))
  }

  remove(id: string): void {
    const route = this.#byId.get(id)
    if (!route) return
    this.#byId.delete(id)
    const routes = this.#customers.get(route.customer_id)
    if (routes) write(routes, route.target, (before) => before.filter((each) => each.id !== id))
  }

  /** What of a row is needed, ids of others once for all rows that have them. */
  #compact({ id, customer_id, provider_id, priority, target, cost, tm_create }: TableRoute): TableRoute {
    const shared = (text: string) => {
      const known = this.#ids.get(text) ?? text
      this.#ids.set(known, known)
      return known
    }
    const others = { customer_id: shared(customer_id), provider_id: shared(provider_id) }
    return { id, ...others, priority, target, cost, tm_create }
  }

  /**
   * The routes for an E.164 number, in the order in which they are tried: the customer's own, the longest prefix first, then
   * its `all`, then everybody's in the same way. For an emergency number those alone that name it.
   */
  *of(customer: string, number: string): Iterable<TableRoute> {
    const owners = customer === ROUTING_CUSTOMER_ID ? [customer] : [customer, ROUTING_CUSTOMER_ID]
    for (const owner of owners) {
      const routes = this.#customers.get(owner)
      if (!routes) continue
      if (kindOfTarget(number) === 'emergency') yield* routes.emergency.get(number) ?? []
      else {
        yield* byPrefix(routes.prefixes, number)
        yield* routes.all
      }
    }
  }
}

function* byPrefix(prefixes: CustomerRoutes['prefixes'], number: string): Iterable<TableRoute> {
  if (prefixes.size === 0) return
  const digits = number.slice(1, MOST_DIGITS + 1)
  for (let key = Number(digits); key > 0; key = Math.floor(key / 10)) yield* prefixes.get(key) ?? []
}

function write(
  routes: CustomerRoutes,
  target: string,
  change: (before: readonly TableRoute[]) => readonly TableRoute[],
): void {
  if (target === ALL) {
    routes.all = change(routes.all)
    return
  }
  if (target.startsWith('+')) writeKey(routes.prefixes, Number(target.slice(1)), change)
  else writeKey(routes.emergency, target, change)
}

interface Writable<K> {
  get(key: K): readonly TableRoute[] | undefined
  set(key: K, routes: readonly TableRoute[]): unknown
  delete(key: K): unknown
}

function writeKey<K>(of: Writable<K>, key: K, change: (before: readonly TableRoute[]) => readonly TableRoute[]): void {
  const changed = change(of.get(key) ?? [])
  if (changed.length > 0) of.set(key, changed)
  else of.delete(key)
}

function newRoutes(): CustomerRoutes {
  return { all: [], prefixes: new ShardedMap(), emergency: new Map() }
}

/** Lower priority first, then what costs less, then what is older. */
function inOrder(a: TableRoute, b: TableRoute): number {
  return a.priority - b.priority || a.cost - b.cost || compare(a.tm_create, b.tm_create) || compare(a.id, b.id)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
