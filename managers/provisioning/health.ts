import type { ProviderRecord } from './provider.ts'

/** So many probes in a row without an answer make a provider unhealthy; so many answers make it healthy again. */
const FAILURES = 3
const SUCCESSES = 2

/** What is known of a provider after one more probe. The streak counts answers upwards, silences downwards. */
export function healthAfter(
  { health_status, health_streak }: Pick<ProviderRecord, 'health_status' | 'health_streak'>,
  answered: boolean,
): Pick<ProviderRecord, 'health_status' | 'health_streak'> {
  const streak = answered ? Math.max(health_streak, 0) + 1 : Math.min(health_streak, 0) - 1
  return {
    health_streak: Math.max(-FAILURES, Math.min(SUCCESSES, streak)),
    health_status: statusAfter(health_status, streak),
  }
}

/** Of a provider that nothing is known of the first answer is enough. */
function statusAfter(before: ProviderRecord['health_status'], streak: number): ProviderRecord['health_status'] {
  if (streak <= -FAILURES) return 'unhealthy'
  if (streak >= SUCCESSES || (streak > 0 && before === 'unknown')) return 'healthy'
  return before
}
