import type { ReasonedError } from '#platform/errors'
import { billingErrors } from '../errors.ts'
import type { CapRefusal, LimitReached } from './decide.ts'

const DAY_S = 86_400
const WINDOW_S: Readonly<Record<LimitReached['limit'], number>> = {
  concurrent_calls: 0,
  calls_per_second: 1,
  minutes_per_hour: 3_600,
  money_per_hour: 3_600,
  minutes_per_day: DAY_S,
  money_per_day: DAY_S,
  quarantine_minutes: DAY_S,
  quarantine_money: DAY_S,
}

/** A refusal as the reason that is thrown. */
export function reasonOfCap(refusal: CapRefusal): ReasonedError {
  if (refusal.refusal === 'not_allowed') return billingErrors.SPENDING_NOT_ALLOWED({ limited_by: refusal.limited_by })
  const { limited_by, limit, most, used } = refusal
  return billingErrors.SPENDING_LIMIT_REACHED({ limited_by, limit, most, used, window_seconds: WINDOW_S[limit] })
}
