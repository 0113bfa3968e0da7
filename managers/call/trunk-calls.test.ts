import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { FakePhone, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const { base, customer, server } = calls
const VIRTUAL = '+899002000001'
const OUTSIDE = '+14155550100'
await calls.number(VIRTUAL)
await calls.trunk()
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
  if (input.type === 'answered') live.hangup('normal')
}

const devices: FakePhone[] = []
after(() => devices.map((device) => device.close()))

/** A PBX that calls by a trunk of this name. */
async function pbx(password?: string, name = 'pbx', user = 'office'): Promise<FakePhone> {
  const domain = `${name}.trunk.${base}`
  const device = await FakePhone.start({ server, user, domain, ...(password === undefined ? {} : { password }) })
  devices.push(device)
  return device
}
const dial = async (dialled: string, password?: string, name?: string, user?: string) =>
  (await (await pbx(password, name, user)).call(dialled)).status
const admitted = () => {
  const last = calls.prepared.at(-1)
  assert.ok(last)
  return last
}
const RIGHT = 'a long password'

test('a PBX calls a telephone number with its password: what is heard before the answer and why it ended are passed on', async () => {
  for (const dialled of [OUTSIDE, 'tel:+1-415-555-0100']) {
    assert.equal(await dial(dialled, RIGHT), 200, dialled)
    const { call, flow, anonymous } = admitted()
    const option = { destinations: [{ type: 'tel', target: OUTSIDE }], early_media: true, relay_reason: true }
    assert.deepEqual(flow, { actions: [{ type: 'connect', option }] })
    assert.deepEqual([call.customer_id, call.destination.target, anonymous], [customer, OUTSIDE, false])
    assert.deepEqual(call.source, { type: 'sip', target: `office@pbx.trunk.${base}` })
  }
})

test('the number in its From is proposed as the one to show', async () => {
  const device = await pbx(RIGHT)
  const from = `sip:+12025550123@pbx.trunk.${base}`
  assert.equal((await device.call(OUTSIDE, { from })).status, 200)
  const option = { destinations: [{ type: 'tel', target: OUTSIDE }], early_media: true, relay_reason: true }
  const source = { type: 'tel', target: '+12025550123' }
  assert.deepEqual(admitted().flow, { actions: [{ type: 'connect', option: { ...option, source } }] })
})

test('a wrong password, a foreign username and none are challenged in the realm of the trunk, and never let in', async () => {
  const before = calls.prepared.length
  for (const [password, user] of [[undefined], ['wrong'], [RIGHT, 'somebody']] as const) {
    const call = await (await pbx(password, 'pbx', user)).call(OUTSIDE)
    assert.equal(call.status, 401)
    assert.match(call.final?.headers.get('www-authenticate') ?? '', new RegExp(`realm="pbx.trunk.${base}"`))
  }
  assert.equal(calls.prepared.length, before)
})

test('the password of another trunk, even the same one, opens nothing: the realm is part of it', async () => {
  await calls.trunk({ domain_name: 'other', password: 'another password' })
  assert.equal(await dial(OUTSIDE, 'another password'), 401)
  assert.equal(await dial(OUTSIDE, 'another password', 'other'), 200)
})

test('a trunk that nobody has is not found, nor is what is no number in full', async () => {
  assert.equal(await dial(OUTSIDE, RIGHT, 'nobody'), 404)
  for (const dialled of ['4155550100', '1000', 'agent:1', 'direct.0123456789ab', '+1', 'sip:+14155550100'])
    assert.equal(await dial(dialled, RIGHT), 404, dialled)
})

test('a PBX reaches a virtual number as every SIP caller does', async () => {
  assert.equal(await dial(VIRTUAL, RIGHT), 200)
  assert.deepEqual(admitted().call.destination, { type: 'tel', target: VIRTUAL })
})

test('an allowed address calls without a password; any other is refused, or challenged where a password serves too', async () => {
  const ip = { auth_types: ['ip' as const], username: '', password: '' }
  await calls.trunk({ ...ip, domain_name: 'near', allowed_ips: ['192.0.2.1', '127.0.0.0/24'] })
  await calls.trunk({ ...ip, domain_name: 'far', allowed_ips: ['192.0.2.0/24', '2001:db8::/32'] })
  await calls.trunk({ domain_name: 'both', auth_types: ['ip', 'basic'], allowed_ips: ['192.0.2.1'] })
  await calls.trunk({ domain_name: 'either', auth_types: ['ip', 'basic'], allowed_ips: ['127.0.0.1'] })
  assert.equal(await dial(OUTSIDE, undefined, 'near'), 200)
  assert.equal(await dial(OUTSIDE, undefined, 'either'), 200)
  assert.equal(await dial(OUTSIDE, undefined, 'far'), 403)
  assert.equal(await dial(OUTSIDE, undefined, 'both'), 401)
  assert.equal(await dial(OUTSIDE, RIGHT, 'both'), 200)
})

test('whoever guesses passwords of a trunk is refused for a while, the right one too; other trunks are not', async () => {
  await calls.trunk({ domain_name: 'attacked' })
  for (let guess = 0; guess < 10; guess++) assert.equal(await dial(OUTSIDE, `guess ${guess}`, 'attacked'), 401)
  assert.equal(await dial(OUTSIDE, RIGHT, 'attacked'), 403)
  assert.equal(await dial(OUTSIDE, RIGHT), 200)
})
