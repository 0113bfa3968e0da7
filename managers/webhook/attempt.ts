import type { OutboundClient, OutboundRequest } from '#platform/outbound'
import type { Delivery } from './delivery.ts'
import { signature } from './signature.ts'

/** A target with the secret that signs what is sent to it. */
export interface SigningTarget {
  uri: string
  method: string
  secret: string
}

export type Outcome =
  | { type: 'delivered'; status: number; durationMs: number }
  | { type: 'failed'; status: number; why: string; durationMs: number }
  /** We stopped it; it does not count. */
  | { type: 'aborted' }
  /** It has no target any more. */
  | { type: 'dropped' }

/** Any final answer below this is taken as delivered. */
const FIRST_FAILURE = 500

/** Sends a delivery once. Never rejects. */
export async function attempt(
  outbound: OutboundClient,
  delivery: Delivery,
  target: SigningTarget,
  signal: AbortSignal,
): Promise<Outcome> {
  const result = await outbound.request({ ...requestFor(delivery, target), maxBodyBytes: 0, signal })
  if (result.ok) {
    const { status, durationMs } = result
    if (status < FIRST_FAILURE) return { type: 'delivered', status, durationMs }
    return { type: 'failed', status, why: `status ${status}`, durationMs }
  }
  if (signal.aborted) return { type: 'aborted' }
  const why = result.detail === '' ? result.failure : `${result.failure}: ${result.detail}`
  return { type: 'failed', status: 0, why, durationMs: result.durationMs }
}

/** The request that carries a delivery. */
export function requestFor(delivery: Delivery, { uri, method, secret }: SigningTarget): OutboundRequest {
  const signed = signature(delivery.body, secret)
  return {
    url: uri,
    method: method === '' ? 'POST' : method,
    headers: {
      'Content-Type': headerText(delivery.content_type) || 'application/json',
      ...(signed === undefined ? {} : { 'X-VoIPBIN-Signature': signed }),
      ...(delivery.kind === 'flow'
        ? { 'Idempotency-Key': headerText(delivery.key) }
        : { 'X-VoIPBIN-Event-Id': delivery.key }),
      ...(delivery.sequence === null ? {} : { 'X-VoIPBIN-Sequence': String(delivery.sequence) }),
      'X-VoIPBIN-Timestamp': delivery.tm_event,
    },
    body: delivery.body,
  }
}

/** What may stand in a header: the rest is left out, so that an author's text cannot make the request impossible. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '').trim()
}
