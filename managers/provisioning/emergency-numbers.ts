import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import type { Database } from '#platform/db'
import { isShortNumber } from './route.ts'
import { RouteStore } from './route-store.ts'

/** Answers from the database whether a route serves an emergency number for a customer: its own, or one of everybody's. */
export function emergencyNumbers(db: Database): (customer: string, number: string) => Promise<boolean> {
  const routes = new RouteStore(db)
  return async (customer, number) => isShortNumber(number) && routes.hasShort([customer, ROUTING_CUSTOMER_ID], number)
}
