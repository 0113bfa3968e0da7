/** Everything that a price exists for (`billing.md` §4). */
export const COST_TYPES = [
  'call_pstn_outgoing',
  'call_pstn_incoming',
  'call_vn',
  'call_extension',
  'call_direct_ext',
  'sms',
  'email',
  'number',
  'number_renew',
  'tts',
  'recording',
] as const
export type CostType = (typeof COST_TYPES)[number]

/** What a price is for: time that was used, or things that were done. */
export type Measure = 'duration' | 'count'

/** Priced by started intervals; everything else is priced each. */
const DURATIONS: ReadonlySet<CostType> = new Set([
  'call_pstn_outgoing',
  'call_pstn_incoming',
  'call_vn',
  'call_extension',
  'call_direct_ext',
  'tts',
  'recording',
])

/** How the use of something is measured. */
export function measureOf(cost_type: CostType): Measure {
  return DURATIONS.has(cost_type) ? 'duration' : 'count'
}
