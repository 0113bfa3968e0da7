import type { ProviderRoute } from './route-contract.ts'

/** The target of a route for every number. */
export const ALL = 'all'
const PREFIX = /^\+[1-9][0-9]{0,14}$/
/** Numbers such as 112 and 911, which belong to no country's plan of seven digits and more. */
const EMERGENCY = /^[0-9]{2,6}$/

export type TargetKind = 'all' | 'prefix' | 'emergency'

/** What a target means; `undefined` where it is none. */
export function kindOfTarget(target: string): TargetKind | undefined {
  if (target === ALL) return 'all'
  if (PREFIX.test(target)) return 'prefix'
  return EMERGENCY.test(target) ? 'emergency' : undefined
}

/** Whether a number is written as those of emergency services are: by a few digits that are dialled as they stand. */
export function isShortNumber(number: string): boolean {
  return EMERGENCY.test(number)
}

/** As the wire shows it: nothing of what is stored beside. */
export function presentRoute(route: ProviderRoute): ProviderRoute {
  const { id, customer_id, name, detail, provider_id, priority, target, cost, tm_create, tm_update, tm_delete } = route
  return { id, customer_id, name, detail, provider_id, priority, target, cost, tm_create, tm_update, tm_delete }
}
