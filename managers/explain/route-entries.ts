import type { CallEntry } from './contract.ts'
import type { RouteAttempt } from './needs.ts'

/** A way to the callee that was tried, and when. */
export type TriedWay = { tm_create: string } & NonNullable<CallEntry['route']>

/** An attempt over a route as such a way. */
export function carrierRoute({
  tm_create,
  attempt,
  route_id,
  provider_id,
  outcome,
  sip_status,
  cause,
  tm_end,
}: RouteAttempt): TriedWay {
  const route = {
    kind: 'carrier' as const,
    attempt,
    route_id,
    provider_id,
    outcome,
    sip_status,
    q850_cause: cause,
    tm_end,
  }
  return { tm_create, ...route }
}

/** Its entry in the account of the call. */
export function routeEntry(timestamp: string, route: NonNullable<CallEntry['route']>): CallEntry {
  return { timestamp, type: 'route', text: textOf(route), route }
}

function textOf({ attempt, kind, outcome, sip_status = 0 }: NonNullable<CallEntry['route']>): string {
  const way = `Way ${attempt}: ${kind}`
  if (outcome === undefined || outcome === 'dialing') return way
  const how = sip_status > 0 ? ` by ${sip_status}` : ''
  return `${way} ${outcome === 'answered' ? 'answered' : `failed${how}`}${outcome === 'failed_over' ? ', the next one was tried' : ''}`
}
