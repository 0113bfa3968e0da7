import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#platform/time'
import { Baresip, eventually, FakePhone, isInstalled, type Json, Platform } from '#testkit'
import { callableFlow } from './sample.ts'

/** How long a change may take to be in effect. */
const WITHIN_MS = 5_000
const skip = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'

let platform: Platform
let number: string

before(async () => {
  platform = await Platform.start()
  number = await callableFlow(platform, [{ type: 'answer' }, { type: 'echo', option: { duration: 60_000 } }])
})
after(() => platform?.stop())

const extensions = async (): Promise<Json[]> => (await platform.api('GET', '/extensions?page_size=100')).body.result

/** A new extension with a phone that is registered. */
async function registered(t: { after(work: () => void): void }) {
  const { extension, password } = await platform.extension()
  const { id } = (await extensions()).find((each) => each.extension === extension)
  const phone = await FakePhone.start({ server: platform.sip, user: extension, password })
  t.after(() => phone.close())
  assert.equal((await phone.register()).status, 200)
  return { id, extension, password, phone }
}

/** Gives the extension another password; from then on `left` says what is left of the time. */
async function change(id: string, password: string) {
  const { status, body } = await platform.api('PUT', `/extensions/${id}`, { name: 'changed', detail: '', password })
  assert.equal(status, 200, JSON.stringify(body))
  const startMs = systemClock.monotonicMs()
  return { body, left: () => WITHIN_MS - (systemClock.monotonicMs() - startMs) }
}

test('a phone with the old password is refused: its REGISTER and its INVITE; the new password is let in', async (t) => {
  const { id, extension, phone } = await registered(t)
  const { left } = await change(id, 'another password')
  assert.equal((await phone.register()).status, 401)
  assert.equal((await phone.call(number)).status, 401)
  assert.ok(left() > 0, 'in time')

  const renewed = await FakePhone.start({ server: platform.sip, user: extension, password: 'another password' })
  t.after(() => renewed.close())
  assert.equal((await renewed.register()).status, 200)
  const call = await renewed.call(number)
  assert.equal(call.status, 200)
  await call.hangUp()
})

test('where the old password registered nobody is called any more, and a phone with the new one is', async (t) => {
  const { id, extension, phone } = await registered(t)
  phone.whenCalled((call) => call.answer())
  const ring = () =>
    platform.api('POST', '/calls', {
      destinations: [{ type: 'extension', target_name: extension }],
      actions: [{ type: 'sleep', option: { duration: 30_000 } }],
    })
  const { body, left } = await change(id, 'another password')
  assert.deepEqual(body.contacts, [])
  const refused = await ring()
  assert.deepEqual([refused.status, refused.body.error?.reason], [409, 'NO_ROUTE_TO_DESTINATION'])
  assert.equal(phone.callees.length, 0)
  assert.ok(left() > 0, 'in time')

  const renewed = await FakePhone.start({ server: platform.sip, user: extension, password: 'another password' })
  t.after(() => renewed.close())
  renewed.whenCalled((call) => call.answer())
  await renewed.register()
  assert.equal((await ring()).status, 200)
  await (await renewed.called()).heard('ACK')
})

test('an update with the same password leaves the phones where they are', async (t) => {
  const { id, password } = await registered(t)
  const { body } = await change(id, password)
  assert.equal(body.contacts.length, 1)
  assert.equal((await platform.api('GET', `/extensions/${id}`)).body.contacts.length, 1)
})

test('a call that is going on lives on under a changed password, and is hung up as ever', async (t) => {
  const { id, phone } = await registered(t)
  const call = await phone.call(number)
  assert.equal(call.status, 200)
  await change(id, 'another password')
  assert.equal((await phone.register()).status, 401)
  const { result } = (await platform.api('GET', '/calls')).body
  assert.equal(result[0].status, 'progressing')
  assert.equal(call.bye, undefined)
  assert.equal((await call.hangUp()).status, 200)
  await eventually('it is over', async () => {
    const { body } = await platform.api('GET', `/calls/${result[0].id}`)
    return body.status === 'hangup' && body.hangup_reason === 'normal'
  })
})

test('a deleted extension can neither register nor call inside', async (t) => {
  const { id, phone } = await registered(t)
  const { extension: other } = await platform.extension()
  const { status } = await platform.api('DELETE', `/extensions/${id}`)
  assert.equal(status, 200)
  const startMs = systemClock.monotonicMs()
  assert.equal((await phone.register()).status, 401)
  assert.equal((await phone.call(other)).status, 401)
  assert.ok(systemClock.monotonicMs() - startMs < WITHIN_MS)
})

test('a real phone with the old password cannot call any more', { skip }, async (t) => {
  const { extension: user, password } = await platform.extension()
  const { id } = (await extensions()).find(({ extension }) => extension === user)
  const phone = await Baresip.start({ user, password, server: platform.sip })
  t.after(() => phone.stop())
  await phone.registered()
  const { left } = await change(id, 'another password')
  await phone.command('dial', `sip:${number}@${platform.sip}`)
  assert.match((await phone.event('CALL_CLOSED', left())).param ?? '', /401/)
  assert.deepEqual((await platform.api('GET', `/extensions/${id}`)).body.contacts, [])
})
