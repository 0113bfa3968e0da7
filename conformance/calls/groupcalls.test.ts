import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, type FakeCallee, type Json, Platform } from '#testkit'
import { answers, type HummingPhone, hearsOnly, hummingPhones } from './humming-phones.ts'

let platform: Platform

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '2' })
})
after(() => platform?.stop())

const to = ({ extension }: HummingPhone) => ({ type: 'extension', target_name: extension })

async function groupcall(destinations: object[], ring_method: string): Promise<Json> {
  const actions = [{ type: 'answer' }, { type: 'echo', option: { duration: 20_000 } }]
  const body = { source: {}, destinations, ring_method, answer_method: 'hangup_others', actions }
  const answer = await platform.api('POST', '/groupcalls', body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

const over = (id: string) =>
  eventually('the groupcall is over', async () => {
    const { body } = await platform.api('GET', `/groupcalls/${id}`)
    return body.status === 'hangup' ? body : undefined
  })

/** Its CANCEL, which says that somebody else has answered. */
async function answeredElsewhere(call: FakeCallee): Promise<void> {
  const cancel = await call.heard('CANCEL')
  assert.match(cancel.headers.get('reason') ?? '', /^SIP;cause=200;text="Call completed elsewhere"/)
}

test('five phones ring, one answers and is in the flow, the others hear that it was answered elsewhere', async () => {
  const { phones, stop } = await hummingPhones(platform, 5)
  try {
    for (const { phone } of phones) phone.whenCalled((call) => call.ring())
    const { id } = await groupcall(phones.map(to), 'ring_all')
    const calls = await Promise.all(phones.map(({ phone }) => phone.called()))
    const [third, call] = [phones[2], calls[2]]
    assert.ok(third && call)
    call.answer()
    void call.sound.sendTone(third.hz, 500)
    await Promise.all(calls.filter((each) => each !== call).map(answeredElsewhere))
    await hearsOnly(call, 'who answered', [third], [])
    await call.hangUp()
    const ended = await over(id)
    assert.deepEqual([ended.groupcall_ids.length, ended.call_count, ended.groupcall_count], [5, 0, 0])
    assert.equal(ended.answer_groupcall_id, ended.groupcall_ids[2])
  } finally {
    stop()
  }
})

test('a nested group: the phones of an agent ring within, and all but the one that answers end', async () => {
  const { phones, stop } = await hummingPhones(platform, 3)
  try {
    const [alone, one, two] = phones as [HummingPhone, HummingPhone, HummingPhone]
    for (const { phone } of phones) phone.whenCalled((call) => call.ring())
    const { body: extensions } = await platform.api('GET', '/extensions')
    const idOf = ({ extension }: HummingPhone) =>
      extensions.result.find((each: Json) => each.extension === extension)?.id
    const { body: agent } = await platform.api('POST', '/agents', {
      ...{ username: 'nested@example.com', password: 'a long password', name: 'Nested', detail: '' },
      ...{ ring_method: 'ringall', permission: 0, tag_ids: [] },
      addresses: [one, two].map((each) => ({ type: 'extension', target: idOf(each) })),
    })
    const { id } = await groupcall([to(alone), { type: 'agent', target: agent.id }], 'ring_all')
    const [a, b, c] = await Promise.all(phones.map(({ phone }) => phone.called()))
    b?.answer()
    await Promise.all([a, c].map((call) => answeredElsewhere(call as FakeCallee)))
    await b?.hangUp()
    const ended = await over(id)
    assert.equal(ended.answer_groupcall_id, ended.groupcall_ids[1])
  } finally {
    stop()
  }
})

test('one after the other: each phone rings when the one before has refused, and none after an answer', async () => {
  const { phones, stop } = await hummingPhones(platform, 4)
  try {
    const [first, second, third, fourth] = phones as [HummingPhone, HummingPhone, HummingPhone, HummingPhone]
    const order: string[] = []
    for (const { phone } of [first, second])
      phone.whenCalled((call) => {
        order.push(phone.user)
        call.reject(486)
      })
    answers(third)
    const { id } = await groupcall(phones.map(to), 'linear')
    const call = await third.phone.called()
    await hearsOnly(call, 'the third one', [third], [])
    assert.deepEqual(order, [first.extension, second.extension])
    await call.hangUp()
    assert.equal((await over(id)).dial_index, 2)
    assert.equal(fourth.phone.strangers.filter(({ method }) => method === 'INVITE').length, 0)
  } finally {
    stop()
  }
})
