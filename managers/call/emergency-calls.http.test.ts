import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { apiErrors } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, type FakeLine, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const mine = (await calls.api())(calls.customer)
const { id: provider_id } = await calls.providers.create({
  ...{ type: 'sip', hostname: '127.0.0.1:5999', name: 'a carrier', detail: '' },
  ...{ tech_prefix: '', tech_postfix: '', tech_headers: {} },
})

async function route(target: string, customer_id = ROUTING_CUSTOMER_ID): Promise<void> {
  await calls.providerRoutes.create({ customer_id, provider_id, priority: 0, target, name: '', detail: '' })
  await calls.carriers.refresh()
}

const call = (target: string, source: object = { type: 'tel', target: '+14155550199' }) =>
  mine.post('/v1.0/calls', { actions: [{ type: 'answer' }], source, destinations: [{ type: 'tel', target }] })

/** What the carrier is told of who calls for help. */
async function lineOf(work: Promise<unknown>): Promise<FakeLine> {
  const before = calls.lines.length
  await work
  return eventually('it is dialled', () => {
    const line = calls.lines.at(-1)
    return calls.lines.length > before && line?.said.includes('dial') ? line : undefined
  })
}

test('a short number is an emergency number as soon as the operator has routed it, and no number before', async () => {
  const before = await call('15')
  assertReason(before, 400, 'INVALID_ARGUMENT')
  assert.equal(before.body.error.details[0].field, 'destinations[0].target')
  await route('15')
  const line = await lineOf(call('15'))
  assert.equal(line.options.uri, 'sip:15@127.0.0.1:5999;transport=udp')
  line.goes(17, 486)
})

test('a route for one customer makes it an emergency number for this one alone', async () => {
  await route('10111', await calls.otherCustomer())
  assertReason(await call('10111'), 400, 'INVALID_ARGUMENT')
})

test('the emergency service is shown no number that may be somebody else’s: one of the customer’s own, or none', async () => {
  const nobody = await lineOf(call('15'))
  assert.match(nobody.options.from, /anonymous\.invalid/)
  nobody.goes(17, 486)
  await calls.db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, '+14155550100', 'normal', $3, $3, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [systemIds.uuid(), calls.customer, NIL_UUID],
  )
  for (const source of [
    { type: 'tel', target: '+14155550199' },
    { type: 'sip', target: 'ann@example.com' },
  ]) {
    const line = await lineOf(call('15', source))
    assert.match(line.options.from, /<sip:\+14155550100@/)
    line.goes(17, 486)
  }
})

test('no extension takes the place of an emergency number: it is not made, and a route comes before one that is there', async () => {
  for (const extension of ['112', '911', '15']) {
    await assert.rejects(calls.phone(extension, 'a long password'), (error) => {
      assert.ok(apiErrors.INVALID_ARGUMENT.is(error))
      assert.match(JSON.stringify(error.details), /"extension".*emergency/)
      return true
    })
  }
  const phone = await calls.phone('1000', 'secret-1000')
  await calls.phone('18', 'secret-18')
  calls.script = (live, input) => {
    if (input.type === 'started') live.hangup('normal')
  }
  await phone.call('18')
  assert.equal(calls.prepared.at(-1)?.call.destination.type, 'extension')
  await route('18')
  await phone.call('18')
  assert.deepEqual(calls.prepared.at(-1)?.call.destination, { type: 'tel', target: '18' })
})

test('a frozen customer with a suspended account calls for help, and its call is not ended with the others', async () => {
  await calls.db.query("update customers set status = 'frozen' where id = $1", [calls.customer])
  await calls.db.query("update billing_accounts set status = 'frozen' where customer_id = $1", [calls.customer])
  const phone = await calls.phone('1000', 'secret-1000')
  calls.script = (live, input) => {
    const destinations = [live.snapshot().destination]
    if (input.type === 'started')
      live.connect('f:1', { destinations, early_media: true, relay_reason: true, anonymous: 'auto' })
    if (input.type === 'connect_ended') live.hangup('normal', input.cause)
  }
  assert.equal((await phone.call('1000')).status, 403, 'whoever else it calls')
  const calling = phone.call('15')
  const line = await lineOf(Promise.resolve())
  line.answers()
  assert.equal((await calling).status, 200)
  calls.engine.endAll(calls.customer)
  await new Promise(setImmediate)
  assert.ok(!line.said.some((word) => word.startsWith('hangup')))
  line.goes(16, 200)
})
