import type { CallEngine } from '#managers/call'
import type { Ask, Asks } from '#managers/flow'
import { type ExternalMediaNeeds, startExternalMedia, stopExternalMedia } from './external-media.ts'

/** What the actions of calls reach; `live` is asked when one runs, so that calls may be made after flows. */
export interface CallAsksNeeds extends Omit<ExternalMediaNeeds, 'live'> {
  live: () => Pick<CallEngine, 'control' | 'stream'>
}

/** Actions of flows that the calls carry out: one line each. */
export function callAsks(needs: CallAsksNeeds): Asks {
  const control =
    (what: Parameters<CallEngine['control']>[2]): Ask =>
    async (customer, { reference_id }, key) => {
      await needs.live().control(customer, reference_id, what, key)
      return { ok: true }
    }
  return {
    mute: control({ type: 'mute', on: true, direction: 'both' }),
    external_media_start: startExternalMedia(needs),
    external_media_stop: stopExternalMedia(needs),
  }
}
