import type { CallEngine } from '#managers/call'
import type { Ask, Asks } from '#managers/flow'

/** Actions of flows that the calls carry out: one line each. `live` is asked when one runs, so calls may be made after flows. */
export function callAsks(live: () => Pick<CallEngine, 'control'>): Asks {
  const control =
    (what: Parameters<CallEngine['control']>[2]): Ask =>
    async (customer, { reference_id }, key) => {
      await live().control(customer, reference_id, what, key)
      return { ok: true }
    }
  return {
    mute: control({ type: 'mute', on: true, direction: 'both' }),
  }
}
