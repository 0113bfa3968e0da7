import assert from 'node:assert/strict'
import type { Platform, WebhookReceiver } from '#testkit'

/** Settings for loads: the caps on callers without credentials out of the way. */
export const LOAD = { ANONYMOUS_CALLS_PER_SECOND: '1000', ANONYMOUS_CALLS_AT_ONCE: '5000' }

/** Puts a flow on the sample customer's number and gives the number. */
export async function putFlowOnNumber(platform: Platform, flow_id: string): Promise<string> {
  const { body } = await platform.api('GET', '/numbers')
  const { id, number } = body.result[0]
  const { status } = await platform.api('PUT', `/numbers/${id}/flow_ids`, {
    call_flow_id: flow_id,
    message_flow_id: '00000000-0000-0000-0000-000000000000',
  })
  assert.equal(status, 200)
  return number
}

/** Makes a flow of these actions, puts it on the number, and gives the number. */
export async function callableFlow(platform: Platform, actions: object[]): Promise<string> {
  const { status, body } = await platform.api('POST', '/flows', { name: 'test', detail: '', actions })
  assert.equal(status, 200, JSON.stringify(body))
  return putFlowOnNumber(platform, body.id)
}

/** Sends the sample customer's webhooks to a receiver; gives the secret that signs them. */
export async function sendWebhooksTo(platform: Platform, receiver: WebhookReceiver): Promise<string> {
  const { body: customer } = await platform.api('GET', '/customer')
  const { status } = await platform.api('PUT', '/customer', {
    ...{ name: customer.name, detail: '', email: customer.email, phone_number: '', address: '' },
    ...{ webhook_method: 'POST', webhook_uri: receiver.url() },
  })
  assert.equal(status, 200)
  return customer.webhook_secret
}
