import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { Outcome } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import { retryDelayMs } from './schedule.ts'
import type { Finished, Setback, StoredDelivery } from './store.ts'

type Of<Type extends Outcome['type']> = Outcome & { type: Type }

/** When a delivery that was not taken is tried again; without a time when it is given up. */
export function setbackOf(
  delivery: Delivery,
  outcome: Of<'failed' | 'held'>,
  { clock, ids }: { clock: Clock; ids: Ids },
): Setback {
  const { id, endpoint, resource_id } = delivery
  const same = { id, endpoint, resource_id }
  if (outcome.type === 'held')
    return { ...same, attempts: delivery.attempts, tm_next: timestamp(outcome.untilMs), attempt: null }
  const attempts = delivery.attempts + 1
  const delayMs = retryDelayMs(delivery.kind, attempts, ids)
  const nextMs = clock.wallMs() + Math.max(delayMs ?? 0, outcome.retryAfterMs ?? 0)
  return { ...same, attempts, tm_next: delayMs === undefined ? null : timestamp(nextMs), attempt: outcome.attempt }
}

/** What the log says of a delivery that is done with. */
export function finishedOf(delivery: Delivery, outcome: Of<'delivered' | 'refused' | 'gone' | 'dropped'>): Finished {
  if (outcome.type === 'dropped') return { delivery, status: 'dropped', attempts: [] }
  return { delivery, status: outcome.type === 'delivered' ? 'delivered' : 'refused', attempts: [outcome.attempt] }
}

/** As a row that is tried as soon as nothing before it on its resource is left. */
export function waitingRow(delivery: Delivery): StoredDelivery {
  return { ...delivery, tm_next: null, attempt_log: [] }
}
