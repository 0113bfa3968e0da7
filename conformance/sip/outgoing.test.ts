import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { systemClock } from '#platform/time'
import type { SipRequest } from '#telecom/sip'
import { Baresip, eventually, type FakeCallee, FakePhone, isInstalled, type Json, Platform, pause } from '#testkit'

const skip = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'

let platform: Platform
let phone: FakePhone

before(async () => {
  platform = await Platform.start()
})
after(() => platform?.stop())
beforeEach(async () => {
  const account = platform.credentials.extensions[1]
  assert.ok(account)
  phone = await FakePhone.start({ server: platform.sip, user: account.extension, password: account.password })
  phone.whenCalled(() => {})
})
afterEach(() => phone.close())

/** Has the platform call the phone 1001; gives the call's id and what reached the phone. */
async function callThePhone(): Promise<{ id: string; call: FakeCallee }> {
  assert.equal((await phone.register()).status, 200)
  const id = await place()
  return { id, call: await phone.called() }
}

async function place(): Promise<string> {
  const { status, body } = await platform.api('POST', '/calls', {
    destinations: [{ type: 'extension', target_name: '1001' }],
    actions: [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }],
  })
  assert.equal(status, 200, JSON.stringify(body))
  return eventually('the leg exists', async () => {
    const { body: calls } = await platform.api('GET', '/calls')
    return calls.result.find(({ groupcall_id }: Json) => groupcall_id === body.groupcalls[0].id)?.id
  })
}

const state = async (id: string): Promise<Json> => (await platform.api('GET', `/calls/${id}`)).body
const becomes = (id: string, status: string, withinMs = 5_000): Promise<Json> =>
  eventually(
    `the call is ${status}`,
    async () => {
      const call = await state(id)
      return call.status === status ? call : undefined
    },
    withinMs,
  )
const hangUp = async (id: string) => assert.equal((await platform.api('POST', `/calls/${id}/hangup`)).status, 200)
const tagOf = (request: SipRequest) => request.toTag

test('each repeated 200 gets an ACK of its own', async () => {
  const { id, call } = await callThePhone()
  call.ring()
  call.answer()
  await call.heard('ACK')
  for (let nth = 2; nth <= 4; nth++) {
    call.answer()
    await eventually(`ACK number ${nth}`, () => call.methods.filter((method) => method === 'ACK').length === nth)
  }
  await hangUp(id)
  await call.heard('BYE')
})

test('a call that is hung up before the phone says anything is cancelled only at its first word', async () => {
  const { id, call } = await callThePhone()
  await hangUp(id)
  await becomes(id, 'canceling')
  await pause(700) // long enough for a repetition of the INVITE
  assert.ok(!call.methods.includes('CANCEL'), 'RFC 3261 §9.1: no CANCEL before a provisional response')
  call.ring()
  await call.heard('CANCEL')
  assert.equal((await becomes(id, 'hangup')).hangup_reason, 'cancel')
})

test('a 200 that crosses our CANCEL is acknowledged and ended by BYE', async () => {
  const { id, call } = await callThePhone()
  call.ring()
  await becomes(id, 'ringing')
  call.answersCancelWith487 = false
  await hangUp(id)
  await call.heard('CANCEL')
  call.answer()
  await call.heard('ACK')
  await call.heard('BYE')
  assert.equal((await becomes(id, 'hangup')).hangup_reason, 'cancel')
})

test('of three early dialogs the first answer wins; another one is acknowledged and ended', async () => {
  const { id, call } = await callThePhone()
  for (const tag of ['one', 'two', 'three']) call.respond(call.invite, 180, 'Ringing', undefined, tag)
  await becomes(id, 'ringing')
  call.answer({ tag: 'two' })
  await becomes(id, 'progressing')
  call.answer({ tag: 'three' })
  const ended = await eventually('the other one gets BYE', () =>
    call.requests.find((request) => request.method === 'BYE' && tagOf(request) === 'three'),
  )
  assert.ok(ended)
  assert.ok(call.requests.some((request) => request.method === 'ACK' && tagOf(request) === 'three'))
  assert.equal((await state(id)).status, 'progressing')
  await hangUp(id)
  await eventually('the call itself gets BYE', () =>
    call.requests.some((request) => request.method === 'BYE' && tagOf(request) === 'two'),
  )
})

for (const [status, reason] of [
  [486, 'busy'],
  [603, 'noanswer'],
  [480, 'noanswer'],
  [404, 'failed'],
  [500, 'failed'],
  [302, 'failed'],
] as const)
  test(`a phone that answers ${status} ends the call as ${reason}, and is called no second time`, async () => {
    const { id, call } = await callThePhone()
    call.ring()
    call.reject(status, 'No', status === 302 ? ['Contact: <sip:elsewhere@127.0.0.1:9>'] : [])
    const over = await becomes(id, 'hangup')
    assert.deepEqual([over.hangup_by, over.hangup_reason], ['remote', reason])
    await call.heard('ACK')
    assert.equal(phone.callees.length, 1)
  })

test('a Reason header wins over the status', async () => {
  const { id, call } = await callThePhone()
  call.reject(480, 'No', ['Reason: Q.850;cause=17'])
  assert.equal((await becomes(id, 'hangup')).hangup_reason, 'busy')
})

test('a phone whose Contact cannot be reached is called over the flow that it registered from', async () => {
  assert.equal((await phone.register({ contact: '<sip:1001@192.0.2.77:5999>' })).status, 200)
  const id = await place()
  const call = await phone.called()
  assert.equal(call.invite.uriText, 'sip:1001@192.0.2.77:5999')
  call.answer()
  await call.heard('ACK')
  await becomes(id, 'progressing')
  await hangUp(id)
  await call.heard('BYE')
})

test('a phone that says nothing for 6 s is given up, well before its time to answer is over', async () => {
  const { id } = await callThePhone()
  const startMs = systemClock.monotonicMs()
  const over = await becomes(id, 'hangup', 9_000)
  assert.ok(systemClock.monotonicMs() - startMs < 8_000)
  assert.deepEqual([over.hangup_by, over.hangup_reason], ['remote', 'failed'])
})

test('once the connection of a phone is closed, the next call to it fails within a second', { skip }, async () => {
  const account = platform.credentials.extensions[2]
  assert.ok(account)
  const { extension: user, password } = account
  const overTcp = await Baresip.start({ user, password, server: platform.sip }, { transport: 'tcp' })
  await overTcp.registered()
  await overTcp.crash()
  const startMs = systemClock.monotonicMs()
  const { status, body } = await platform.api('POST', '/calls', {
    destinations: [{ type: 'extension', target_name: '1002' }],
    actions: [{ type: 'answer' }],
  })
  if (status === 200) {
    const [{ id }] = body.groupcalls
    await eventually('no leg of it is left', async () => {
      const { body: calls } = await platform.api('GET', '/calls')
      return calls.result.every((call: Json) => call.groupcall_id !== id || call.status === 'hangup')
    })
  } else assert.ok(status < 500, JSON.stringify(body))
  assert.ok(systemClock.monotonicMs() - startMs < 1_000)
})
