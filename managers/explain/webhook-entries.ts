import type { CallEntry } from './contract.ts'
import type { DeliveryAttempts } from './needs.ts'

/** An entry for each attempt to deliver; one for a delivery whose attempts are not on record. */
export function webhookEntries(deliveries: readonly DeliveryAttempts[]): CallEntry[] {
  return deliveries.flatMap((delivery) => {
    const { attempts, tm_create, attempt_count } = delivery
    if (attempts.length === 0)
      return [entryOf(delivery, tm_create, { attempt: attempt_count, http_status: 0, failure: '', duration_ms: 0 })]
    const first = attempt_count - attempts.length
    return attempts.map(({ tm_start, http_status, failure, duration_ms }, at) =>
      entryOf(delivery, tm_start, { attempt: first + at + 1, http_status, failure, duration_ms }),
    )
  })
}

function entryOf(
  { delivery_id, event_type, sequence, status, tm_next }: DeliveryAttempts,
  timestamp: string,
  attempt: { attempt: number; http_status: number; failure: string; duration_ms: number },
): CallEntry {
  const answer = attempt.http_status === 0 ? attempt.failure : `status ${attempt.http_status}`
  const text = `Webhook ${event_type}, attempt ${attempt.attempt}: ${answer || status}`
  return {
    timestamp,
    type: 'webhook',
    text,
    webhook: { delivery_id, event_type, sequence, status, ...attempt, tm_next },
  }
}
