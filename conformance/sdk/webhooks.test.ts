import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, verifyWebhook, WebhookError } from '#sdk'
import { eventually, Platform, WebhookReceiver } from '#testkit'

const platform = await Platform.start()
after(() => platform.stop())
const target = await WebhookReceiver.start()
after(() => target.stop())
const { accesskey } = platform.credentials.customer
const client = createClient({ baseUrl: platform.http, accesskey })
const { name = '', detail = '', email = '', phone_number = '', address = '' } = await client.customer.get()
const self = { name, detail, email, phone_number, address, webhook_method: '' }

const make = async () => (await client.activeflows.create({ actions: [{ type: 'block' }] })).id

async function arrival(id: string) {
  return eventually('the webhook arrives', () => target.received.find(({ data }) => data?.id === id))
}

test('what the platform sends is verified by the client, by the stronger signature alone, and once per event', async () => {
  await client.customer.update({ ...self, webhook_uri: target.url() })
  const { secret } = await client.webhookSecret.get()
  const id = await make()
  const { raw, headers, event_id } = await arrival(id)
  const event = await verifyWebhook(raw, headers, secret, { standardOnly: true })
  assert.deepEqual([event.type, event.data.id, event.id], ['activeflow_created', id, event_id])
  const late = { standardOnly: true, now: () => Date.now() + 301_000 }
  await assert.rejects(verifyWebhook(raw, headers, secret, late), WebhookError)
  await assert.rejects(verifyWebhook(`${raw} `, headers, secret), WebhookError)
  // and by the one that VoIPbin's receivers know
  const legacy = { 'x-voipbin-signature': headers['x-voipbin-signature'] }
  assert.equal((await verifyWebhook(raw, legacy, secret)).type, 'activeflow_created')
})

test('a secret is changed without one webhook that a receiver cannot verify, whichever of the two it has', async () => {
  const { secret: old } = await client.webhookSecret.get()
  const { secret, previous_secret } = await client.webhookSecret.rotate({ overlap_hours: 1 })
  assert.equal(previous_secret, old)
  const { raw, headers } = await arrival(await make())
  for (const known of [old, secret]) await verifyWebhook(raw, headers, known, { standardOnly: true })
  await verifyWebhook(raw, { 'x-voipbin-signature': headers['x-voipbin-signature'] }, old)
  const { secret: next } = await client.webhookSecret.rotate({ overlap_hours: 0 })
  const after = await arrival(await make())
  await verifyWebhook(after.raw, after.headers, next, { standardOnly: true })
  await assert.rejects(verifyWebhook(after.raw, after.headers, old), WebhookError)
})

test('what was refused is found in the log and delivered once more', async () => {
  target.treat = ({ type }) => (type === 'activeflow_created' ? 401 : 200)
  const id = await make()
  const refused = await eventually('it is in the log', async () => {
    const [found] = (await client.webhookDeliveries.list({ resource_id: id, status: 'refused' }).page()).result
    return found
  })
  assert.equal(refused.last_attempt?.http_status, 401)
  target.treat = () => 200
  const replay = await client.webhookDeliveries.replay(refused.id)
  assert.equal(replay.replay_of, refused.id)
  await eventually(
    'it is delivered',
    async () => (await client.webhookDeliveries.get(replay.id)).status === 'delivered',
  )
  const both = target.received.filter(({ data, type }) => data?.id === id && type === 'activeflow_created')
  assert.deepEqual([both.length, new Set(both.map(({ event_id }) => event_id)).size], [2, 1])
})

test('a webhook cannot be sent to where only the platform may go', async () => {
  const inside = client.customer.update({ ...self, webhook_uri: 'http://169.254.169.254/latest' })
  await assert.rejects(inside, { reason: 'INVALID_WEBHOOK_URI' })
})
