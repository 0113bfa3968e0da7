import type { Bus } from '#platform/bus'
import { type Database, DatabaseUnavailable } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { OutboundAnswer, OutboundClient } from '#platform/outbound'
import { type Clock, timestamp } from '#platform/time'
import { type Attempt, describe, requestFor } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import { WEBHOOKS_STORED } from './pokes.ts'
import { FLOW_RETRY_DELAYS_MS } from './schedule.ts'
import { DeliveryStore } from './store.ts'
import type { WebhookTargets } from './targets.ts'

export interface WebhookSenderNeeds {
  db: Database
  bus: Bus
  clock: Clock
  ids: Ids
  outbound: OutboundClient
  /** Only the customer's secret is asked for. */
  targets: Pick<WebhookTargets, 'customer'>
}

/** What the action `webhook_send` wants sent. */
export interface FlowRequest {
  uri: string
  method: 'POST' | 'GET' | 'PUT' | 'DELETE'
  /** Content-Type; empty = `application/json`. */
  data_type: string
  data: string
  /** Wait for the answer, or only until the request is stored. */
  sync: boolean
  /** `activeflow_id:step`. */
  key: string
  /** The largest answer that is of use, in bytes: one beyond it fails as `too_large`. Absent: its beginning is kept. */
  most_bytes?: number
  /** The longest wait of a synchronous request, where that is less than the usual. Milliseconds. */
  within_ms?: number
}

/** `truncated`: there was more of the answer than is kept. */
export type FlowAnswer = { ok: true; status: number; body: string; truncated?: boolean } | { ok: false; cause: string }

/** Everything together, for a request that somebody waits for. */
const SYNC_MS = 30_000

/**
 * Sends what flows ask for, signed with their customer's secret and with the key as `Idempotency-Key`, so that a receiver
 * recognises a repeat after a crash. A request nobody waits for is a row of `webhook_deliveries` before the answer is
 * given; the delivery of the api role sends it, up to three times, and keeps it as a dead letter when it cannot.
 */
export class WebhookSender {
  readonly #needs: WebhookSenderNeeds
  readonly #store: DeliveryStore

  constructor(needs: WebhookSenderNeeds) {
    this.#needs = needs
    this.#store = new DeliveryStore(needs.db)
  }

  /**
   * With `sync`, up to three attempts a second apart within 30 s: the last answer, or why there was none. Without it, `202`
   * once the request is stored. Rejects only when the database is away.
   */
  readonly send = async (customer_id: string, request: FlowRequest): Promise<FlowAnswer> => {
    const delivery = this.#delivery(customer_id, request)
    if (request.sync) return this.#sendNow(delivery, request)
    const now = timestamp(this.#needs.clock.wallMs())
    await this.#store.apply({ stored: [{ ...delivery, tm_next: now, attempt_log: [] }], now })
    this.#needs.bus.publish(WEBHOOKS_STORED, undefined)
    return { ok: true, status: 202, body: '' }
  }

  async #sendNow(delivery: Delivery, { most_bytes, within_ms = SYNC_MS }: FlowRequest): Promise<FlowAnswer> {
    const { clock, outbound, targets } = this.#needs
    const customer = await targets.customer(delivery.customer_id)
    if (!customer) return { ok: false, cause: 'no such customer' }
    const target = { ...delivery, secrets: customer.secrets }
    const bounds = most_bytes === undefined ? {} : { maxBodyBytes: most_bytes, whenTooLarge: 'fail' as const }
    const endMs = clock.monotonicMs() + Math.min(within_ms, SYNC_MS)
    const attempts: Attempt[] = []
    for (let failed = 0; ; failed++) {
      const startMs = clock.wallMs()
      const timeoutMs = endMs - clock.monotonicMs()
      const result = await outbound.request({ ...requestFor(delivery, target, startMs), ...bounds, timeoutMs })
      const made = describe(result, startMs, delivery.uri)
      if (made) attempts.push(made)
      const delayMs = FLOW_RETRY_DELAYS_MS[failed]
      const isOver = delayMs === undefined || clock.monotonicMs() + delayMs >= endMs
      if (!(result.ok && result.status < 500) && !isOver) {
        await new Promise<void>((resolve) => clock.after(delayMs, resolve))
        continue
      }
      await this.#enter(delivery, attempts)
      return result.ok ? answerOf(result) : { ok: false, cause: result.failure }
    }
  }

  /** Writes what became of it. The flow goes on without that when the database is away. */
  async #enter(delivery: Delivery, attempts: readonly Attempt[]): Promise<void> {
    const status = attempts.at(-1)?.http_status ?? 0
    const end = status === 0 || status >= 500 ? 'failed' : status < 400 ? 'delivered' : 'refused'
    const now = timestamp(this.#needs.clock.wallMs())
    try {
      await this.#store.apply({ logged: [{ delivery, status: end, attempts }], now })
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
    }
  }

  #delivery(customer_id: string, { uri, method, data_type, data, key }: FlowRequest): Delivery {
    const { clock, ids } = this.#needs
    const id = ids.uuid()
    const now = timestamp(clock.wallMs())
    return {
      id,
      kind: 'flow',
      endpoint: `flow:${customer_id}`,
      customer_id,
      resource_id: id,
      position: 0,
      key,
      type: 'webhook_send',
      sequence: null,
      tm_event: now,
      body: data,
      uri,
      method,
      content_type: data_type,
      attempts: 0,
      replay_of: null,
      tm_create: now,
    }
  }
}

function answerOf({ status, body, truncated }: OutboundAnswer): FlowAnswer {
  return { ok: true, status, body: body.toString(), ...(truncated ? { truncated } : {}) }
}
