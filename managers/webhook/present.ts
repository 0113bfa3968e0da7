import { NIL_UUID } from '#platform/ids'
import { shownUrl } from '#platform/outbound'
import type { WebhookDelivery, WebhookDeliveryDetail, WebhookHold } from './contract.ts'
import { type Delivery, ownerIdOf } from './delivery.ts'
import type { Hold } from './hold-store.ts'
import type { LoggedDelivery, WholeDelivery } from './log-store.ts'

/** A delivery as a list shows it: of its last attempt without the answer, which may be long. */
export function presentDelivery(row: LoggedDelivery): WebhookDelivery {
  const { last_attempt } = row
  return {
    id: row.id,
    customer_id: row.customer_id,
    target: row.kind,
    activeflow_id: activeflowOf(row),
    event_id: row.kind === 'flow' ? NIL_UUID : row.key,
    event_type: row.type,
    resource_id: row.resource_id,
    sequence: row.sequence,
    status: row.status,
    attempt_count: row.attempt_count,
    last_attempt: last_attempt && withoutAnswer(last_attempt),
    replay_of: row.replay_of,
    tm_event: row.tm_event,
    tm_next: row.status === 'pending' ? row.tm_next : null,
    tm_create: row.tm_create,
    tm_update: row.tm_update,
  }
}

export function presentDetail(row: WholeDelivery): WebhookDeliveryDetail {
  return { ...presentDelivery(row), attempts: row.attempts }
}

export function presentHold(hold: Hold): WebhookHold {
  const { endpoint, ...rest } = hold
  const target = endpoint.startsWith('customer:') ? 'customer' : 'activeflow'
  const activeflow_id = target === 'customer' ? NIL_UUID : ownerIdOf(hold)
  return { ...rest, target, activeflow_id, uri: shownUrl(hold.uri) }
}

/** A flow's own request is known by `activeflow:step`. */
function activeflowOf({ kind, key, ...row }: Pick<Delivery, 'kind' | 'key' | 'endpoint'>): string {
  if (kind === 'customer') return NIL_UUID
  return kind === 'activeflow' ? ownerIdOf(row) : (key.split(':')[0] ?? NIL_UUID)
}

function withoutAnswer({
  duration_ms,
  uri,
  http_status,
  failure,
  detail,
}: NonNullable<LoggedDelivery['last_attempt']>) {
  return { duration_ms, uri, http_status, failure, detail }
}
