import { handle, type Route } from '#platform/http'
import { getDirect } from './contract.ts'
import type { DirectService } from './service.ts'

/** `/directs` */
export function directRoutes(directs: DirectService): Route[] {
  return [handle(getDirect, ({ customer, params }) => directs.get(customer, params.hash))]
}
