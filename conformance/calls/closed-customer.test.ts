import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#platform/time'
import { eventually, type Json, Platform } from '#testkit'
import { putFlowOnNumber } from './sample.ts'
import { converse, type TalkingPhones, talkingPhones } from './talking-phones.ts'

let platform: Platform
let phones: TalkingPhones
/** Does something to the sample customer as the super admin. */
let operate: (what: 'freeze' | 'recover') => Promise<void>

before(async () => {
  platform = await Platform.start()
  phones = await talkingPhones(platform)
  const { admin, customer } = platform.credentials
  const post = async (path: string, body?: object, token?: string): Promise<Json> => {
    const response = await fetch(`${platform.http}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body ?? {}),
    })
    assert.equal(response.status, 200, path)
    return response.json()
  }
  const { token } = await post('/auth/login', admin)
  operate = (what) => post(`/v1.0/customers/${customer.id}/${what}`, undefined, token)
})
after(async () => {
  phones?.stop()
  await platform?.stop()
})

const create = async (path: string, body: object): Promise<Json> => {
  const answer = await platform.api('POST', path, body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

test('a freeze ends what the customer has going on within five seconds: conversations, menus, flows without a call', async () => {
  const afterwards = await create('/flows', { name: 'after', detail: '', actions: [{ type: 'block' }] })
  const menu = await create('/flows', {
    ...{ name: 'menu', detail: '', on_complete_flow_id: afterwards.id },
    actions: [{ type: 'answer' }, { type: 'echo', option: { duration: 60_000 } }],
  })
  const number = await putFlowOnNumber(platform, menu.id)
  const parked = await create('/activeflows', { actions: [{ type: 'block' }] })
  const { a, b } = await converse(phones, phones.callee.user)
  const inMenu = await phones.caller.call(number)

  await operate('freeze')
  for (const [who, phone] of Object.entries({ caller: a, 'the one in the menu': inMenu }))
    await eventually(`${who} got a BYE`, () => phone.bye, 5_000)
  await b.heard('BYE', 5_000)

  await operate('recover')
  const { body } = await platform.api('GET', '/activeflows')
  const ofMenu = body.result.find(({ flow_id }: Json) => flow_id === menu.id)
  const { body: ended } = await platform.api('GET', `/activeflows/${parked.id}`)
  for (const activeflow of [ofMenu, ended])
    assert.deepEqual([activeflow.status, activeflow.ended_reason], ['ended', 'account_closed'])
  assert.equal(
    body.result.some(({ flow_id }: Json) => flow_id === afterwards.id),
    false,
    'nothing follows',
  )
  const { body: calls } = await platform.api('GET', '/calls')
  for (const call of calls.result) assert.equal(call.status, 'hangup')
})

test('a phone of a frozen customer calls nobody within five seconds, and calls again once that is over', async () => {
  const dial = () => phones.caller.call(phones.callee.user)
  phones.callee.whenCalled((call) => call.answer())
  const before = await dial()
  assert.equal(before.status, 200)
  await operate('freeze')
  const startMs = systemClock.monotonicMs()
  assert.equal((await dial()).status, 403)
  await eventually('its call is ended', () => before.bye, 5_000)
  assert.ok(systemClock.monotonicMs() - startMs < 5_000)
  assert.equal(
    (await phones.caller.register()).status,
    200,
    'where it is stays known for the day on which it is recovered',
  )
  await operate('recover')
  const again = await dial()
  assert.equal(again.status, 200)
  await again.hangUp()
})
