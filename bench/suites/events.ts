import type { SourceLoad } from '../clients/event-source.ts'
import type { SubscribersFigures, SubscribersLoad } from '../clients/ws-subscribers.ts'
import { type Row, row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const SUBSCRIBERS = 1_000
const ROUNDS = 10
const EVENTS_PER_SECOND = 500
const SECONDS = 8
const NIL = '00000000-0000-0000-0000-000000000000'

/** How events reach those who wait for them. */
export const events: Suite = {
  rows: ['events.websocket_ms', 'events.webhook_lag_ms', 'events.webhooks_per_second'],
  async run(getStage, wanted) {
    const stage = await getStage()
    const rows: Row[] = []
    if (wanted('events.websocket_ms')) rows.push(await webSockets(stage))
    if (wanted('events.webhook_lag_ms') || wanted('events.webhooks_per_second')) rows.push(...(await webhooks(stage)))
    return rows
  },
}

async function webSockets(stage: Stage): Promise<Row> {
  const { customer } = stage.platform.credentials
  const { id } = await stage.sampleNumber()
  const flows = [await newFlow(stage), await newFlow(stage)]
  const { deliveries, medianMs, p99Ms } = await stage.run<SubscribersFigures>('clients/ws-subscribers.ts', {
    http: stage.platform.http,
    headers: stage.headers,
    subscribers: SUBSCRIBERS,
    topic: `customer_id:${customer.id}:number`,
    path: `/v1.0/numbers/${id}/flow_ids`,
    bodies: flows.map((flow) => ({ call_flow_id: flow, message_flow_id: NIL })),
    events: ROUNDS,
  } satisfies SubscribersLoad)
  await stage.webhooksDelivered()
  const method = `from the request PUT /v1.0/numbers/{id}/flow_ids to its event at each of ${SUBSCRIBERS} subscribers, ${ROUNDS} times, one process with all of them: ${deliveries} deliveries`
  return row('events.websocket_ms', medianMs, 'ms', method, { p99: p99Ms })
}

async function webhooks(stage: Stage): Promise<Row[]> {
  await stage.webhooksDelivered()
  const { customer } = stage.platform.credentials
  const load = { database: stage.database(), customer: customer.id, perSecond: EVENTS_PER_SECOND, seconds: SECONDS }
  const before = stage.webhookLags().length
  const { result, each } = await stage.processorTime(
    async () => {
      const startMs = performance.now()
      const source = await stage.run<{ made: number }>('clients/event-source.ts', load satisfies SourceLoad)
      const { tookMs } = await stage.webhooksDelivered(60_000)
      return { made: source.made, seconds: SECONDS + tookMs / 1_000, tookMs, totalMs: performance.now() - startMs }
    },
    ({ made }) => made,
  )
  const lags = stage
    .webhookLags()
    .slice(before)
    .toSorted((a, b) => a - b)
  const at = (share: number) => lags[Math.max(0, Math.ceil(share * lags.length) - 1)] ?? 0
  const method = `${EVENTS_PER_SECOND} events/s committed for ${SECONDS} s, each about a resource of its own, to one receiver on loopback; ${lags.length} of ${result.made} came, the last ${(result.tookMs / 1_000).toFixed(1)} s after the end; ${each}`
  return [
    row('events.webhook_lag_ms', at(0.5), 'ms', `from the making of an event to its webhook: ${method}`, {
      p99: at(0.99),
    }),
    row('events.webhooks_per_second', lags.length / result.seconds, 'webhooks/s', method),
  ]
}

async function newFlow(stage: Stage): Promise<string> {
  return (await stage.api('POST', '/flows', { name: 'bench', detail: '', actions: [{ type: 'answer' }] })).id
}
