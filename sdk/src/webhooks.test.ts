import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { rejection } from './test-platform.ts'
import { type VerifyOptions, verifySignature, verifyWebhook, WebhookError, type WebhookHeaders } from './webhooks.ts'

const BODY = '{"type":"call_hangup","data":{"id":"c","name":"Zoë"}}'
const SECRET = 'a secret of our own'
const AT = 1_767_323_045
const now = () => AT * 1_000

const legacy = (secret = SECRET, body = BODY) => ({
  'X-VoIPBIN-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
})

function standard({ secret = SECRET as string | Buffer, body = BODY, at = AT, id = 'evt_1' } = {}) {
  const signature = createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` }
}

async function problemOf(
  headers: WebhookHeaders,
  body = BODY,
  secret: string | string[] = SECRET,
  more: VerifyOptions = {},
) {
  return (await rejection(verifyWebhook(body, headers, secret, { now, ...more }), WebhookError)).problem
}

test('an event with a right signature is given, whichever of the two signatures it has, in any form of headers', async () => {
  const event = { type: 'call_hangup', data: { id: 'c', name: 'Zoë' } }
  const both = { ...legacy(), ...standard() }
  assert.deepEqual(await verifyWebhook(BODY, legacy(), SECRET), { ...event, id: undefined })
  assert.deepEqual(await verifyWebhook(BODY, standard(), SECRET, { now }), { ...event, id: 'evt_1' })
  assert.deepEqual(await verifyWebhook(new TextEncoder().encode(BODY), new Headers(both), SECRET, { now }), {
    ...event,
    id: 'evt_1',
  })
  const ofNode = { 'x-voipbin-signature': [legacy()['X-VoIPBIN-Signature']], 'x-voipbin-event-id': 'e' }
  assert.equal((await verifyWebhook(BODY, ofNode, SECRET)).id, 'e')
})

test('the example of the Standard Webhooks specification verifies', async () => {
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  await verifySignature('{"test": 2432232314}', headers, secret, { now: () => 1_614_265_330_000 })
})

test('another body, secret, id or time than was signed is refused', async () => {
  assert.equal(await problemOf(legacy('other')), 'wrong_signature')
  assert.equal(await problemOf(legacy(), `${BODY} `), 'wrong_signature')
  assert.equal(await problemOf(standard({ secret: 'other' })), 'wrong_signature')
  assert.equal(await problemOf(standard(), `${BODY} `), 'wrong_signature')
  assert.equal(await problemOf({ ...standard(), 'webhook-id': 'evt_2' }), 'wrong_signature')
  assert.equal(await problemOf({ ...standard(), 'webhook-timestamp': String(AT + 1) }), 'wrong_signature')
  for (const sent of ['sha256=', 'sha256=zz', 'md5=00', 'x'])
    assert.equal(await problemOf({ 'x-voipbin-signature': sent }), 'wrong_signature')
})

test('no signature, or half of one, is refused', async () => {
  assert.equal(await problemOf({}), 'missing_signature')
  assert.equal(await problemOf({ 'webhook-signature': standard()['webhook-signature'] }), 'missing_signature')
  assert.equal(await problemOf({ ...standard(), 'webhook-signature': 'v2,AAAA' }), 'missing_signature')
})

test('what was signed more than five minutes from now is not taken again', async () => {
  assert.equal(await problemOf(standard({ at: AT - 301 })), 'stale')
  assert.equal(await problemOf(standard({ at: AT + 301 })), 'stale')
  await verifyWebhook(BODY, standard({ at: AT - 299 }), SECRET, { now })
  await verifyWebhook(BODY, standard({ at: AT - 900 }), SECRET, { now, toleranceSeconds: 1_000 })
})

test('a wrong stronger signature does not fall back to a right weaker one', async () => {
  assert.equal(await problemOf({ ...legacy(), ...standard({ secret: 'other' }) }), 'wrong_signature')
  assert.equal(await problemOf(legacy(), BODY, SECRET, { standardOnly: true }), 'missing_signature')
})

test('while a secret is changed, both are taken, and signatures by both are', async () => {
  for (const secret of ['old', 'new']) {
    await verifyWebhook(BODY, legacy(secret), ['new', 'old'])
    await verifyWebhook(BODY, standard({ secret }), ['new', 'old'], { now })
  }
  const [a, b] = [standard({ secret: 'new' }), standard({ secret: 'old' })]
  const headers = { ...a, 'webhook-signature': `${a['webhook-signature']} ${b['webhook-signature']}` }
  for (const secret of ['old', 'new']) await verifyWebhook(BODY, headers, secret, { now })
})

test('a signed body that is no event is told, and can be verified without being read', async () => {
  assert.equal(await problemOf(legacy(SECRET, 'hello'), 'hello'), 'not_an_event')
  await verifySignature('hello', legacy(SECRET, 'hello'), SECRET)
})

test('an empty secret signs nothing', async () => {
  for (const secret of ['', [], ['a', ''], 'whsec_', 'whsec_%'])
    await rejection(verifyWebhook(BODY, standard({ secret: 'x' }), secret, { now }), TypeError)
})
