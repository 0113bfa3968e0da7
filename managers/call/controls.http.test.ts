import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apiErrors } from '#platform/http'
import { systemIds } from '#platform/ids'
import { assertReason, eventually, type FakeCall, levelAt, sameButRequestId, sine, TestCalls, wavFile } from '#testkit'
import { callErrors } from './errors.ts'

const NUMBER = '+899003000002'
const WORDS_HZ = 1_200
const PHONE_HZ = 440
const words = join(mkdtempSync(join(tmpdir(), 'words-')), 'words.wav')
writeFileSync(words, wavFile(sine([WORDS_HZ], 1_500, 8_000)))
/** Speaks whatever is not called otherwise. */
const speech = {
  render: async (text: string) => {
    if (text === 'broken') throw new Error('no voice')
    if (text === '...') throw Object.assign(new Error('nothing to say'), { problem: 'empty' })
    return { file: words }
  },
}
const calls = await TestCalls.start({ speech })
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const theirs = api(await calls.otherCustomer())

/** A call that is up and gives the phone its own sound back. */
async function liveCall(): Promise<{ id: string; phone: FakeCall }> {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    else if (input.type === 'answered') live.echo('f:2', 60_000)
  }
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const id = calls.lives.at(-1)?.live.id ?? ''
  await eventually('it is progressing', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'progressing')
  return { id, phone }
}

/** A call that rings and is not answered by its flow. */
async function ringingCall() {
  calls.script = () => {}
  const phone = await calls.phone('somebody')
  const before = calls.lives.length
  let ringing: FakeCall | undefined
  const call = phone.call(NUMBER, {
    whileRinging: (each) => {
      ringing = each
    },
  })
  call.catch(() => {})
  await eventually('it rings', () => calls.lives.length > before && ringing?.provisional.includes(180))
  return { id: calls.lives.at(-1)?.live.id ?? '', call, cancel: () => ringing?.cancel() }
}

async function endedCall(): Promise<string> {
  const { id, phone } = await liveCall()
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
  return id
}

const OPERATIONS = [
  ['POST', 'hold'],
  ['DELETE', 'hold'],
  ['POST', 'moh'],
  ['DELETE', 'moh'],
  ['POST', 'silence'],
  ['DELETE', 'silence'],
  ['POST', 'mute'],
  ['DELETE', 'mute'],
  ['POST', 'talk'],
] as const

function ask(client: typeof mine, [method, what]: (typeof OPERATIONS)[number], id: string, body?: object) {
  const sent = body ?? (what === 'talk' ? { text: 'Hello' } : undefined)
  return client.send(method, `/v1.0/calls/${id}/${what}`, {
    headers: { ...(sent ? { 'content-type': 'application/json' } : {}) },
    ...(sent ? { body: JSON.stringify(sent) } : {}),
  })
}

/** What the phone heard in the last 200 ms, once that is so. */
function hears(phone: FakeCall, what: string, isSo: (recent: Int16Array) => boolean): Promise<unknown> {
  const from = phone.sound.heard.length
  return eventually(what, () => {
    const { length } = phone.sound.heard
    return length >= from + 10 && isSo(phone.sound.samples(length - 10))
  })
}
const isSilent = (sound: Int16Array) => sound.every((sample) => Math.abs(sample) < 50)
const has = (hz: number) => (sound: Int16Array) => levelAt(sound, hz) > 1_000
/** Something that is neither the phone's own tone nor silence. */
const isMusic = (sound: Int16Array) => !isSilent(sound) && levelAt(sound, PHONE_HZ) < 500

test('on hold the phone is told, hears music, and afterwards everything is as before', async () => {
  const { id, phone } = await liveCall()
  const silence = phone.sound.hum(PHONE_HZ)
  await hears(phone, 'its own tone comes back', has(PHONE_HZ))
  assert.equal((await ask(mine, ['POST', 'hold'], id)).status, 200)
  const told = await eventually('it is told', () => phone.requests.find(({ method }) => method === 'INVITE'))
  assert.match(told.sdp?.toString() ?? '', /a=sendonly/)
  await hears(phone, 'music', isMusic)
  assert.equal((await ask(mine, ['POST', 'hold'], id)).status, 200)
  assert.equal((await ask(mine, ['DELETE', 'hold'], id)).status, 200)
  assert.equal((await ask(mine, ['DELETE', 'hold'], id)).status, 200)
  await hears(phone, 'its own tone again', has(PHONE_HZ))
  const offers = phone.requests.filter(({ method }) => method === 'INVITE')
  assert.ok(offers.length <= 2, `told ${offers.length} times`)
  await silence()
  await phone.hangUp()
})

test('music and silence are for the party alone, music goes before silence, and both end', async () => {
  const { id, phone } = await liveCall()
  const silence = phone.sound.hum(PHONE_HZ)
  await hears(phone, 'its own tone comes back', has(PHONE_HZ))
  await ask(mine, ['POST', 'silence'], id)
  await hears(phone, 'silence', isSilent)
  await ask(mine, ['POST', 'moh'], id)
  await hears(phone, 'music', isMusic)
  await ask(mine, ['DELETE', 'moh'], id)
  await hears(phone, 'silence again', isSilent)
  await ask(mine, ['DELETE', 'silence'], id)
  await hears(phone, 'its own tone again', has(PHONE_HZ))
  assert.deepEqual(
    phone.requests.filter(({ method }) => method === 'INVITE'),
    [],
    'nothing of this is told to the phone',
  )
  await silence()
  await phone.hangUp()
})

test('mute without a body is both directions, shows in the call, and is announced', async () => {
  const { id, phone } = await liveCall()
  const silence = phone.sound.hum(PHONE_HZ)
  await hears(phone, 'its own tone comes back', has(PHONE_HZ))
  assert.equal((await ask(mine, ['POST', 'mute'], id)).status, 200)
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, 'both')
  await hears(phone, 'nothing', isSilent)
  await ask(mine, ['DELETE', 'mute'], id, { direction: 'in' })
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, 'out')
  await ask(mine, ['DELETE', 'mute'], id, { direction: '' })
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, undefined)
  await ask(mine, ['DELETE', 'mute'], id)
  await hears(phone, 'its own tone again', has(PHONE_HZ))
  await silence()
  await phone.hangUp()
  const updates = (await calls.events()).filter(({ type, data }) => type === 'call_updated' && data.id === id)
  assert.deepEqual(
    updates.map(({ data }) => data.mute_direction),
    ['both', 'out', undefined],
  )
})

test('words are spoken over everything else, which goes on afterwards', async () => {
  const { id, phone } = await liveCall()
  const silence = phone.sound.hum(PHONE_HZ)
  await hears(phone, 'its own tone comes back', has(PHONE_HZ))
  assert.equal((await ask(mine, ['POST', 'talk'], id)).status, 200)
  await hears(phone, 'words', (sound) => has(WORDS_HZ)(sound) && !has(PHONE_HZ)(sound))
  await hears(phone, 'its own tone again', has(PHONE_HZ))
  const { inputs = [] } = calls.lives.at(-1) ?? {}
  assert.deepEqual(
    inputs.map(({ type }) => type),
    ['answered'],
    'the flow notices nothing',
  )
  await silence()
  await phone.hangUp()
})

test('words answer a caller who still waits', async () => {
  const { id, call } = await ringingCall()
  assert.equal((await ask(mine, ['POST', 'talk'], id)).status, 200)
  const phone = await call
  assert.equal(phone.status, 200)
  await hears(phone, 'words', has(WORDS_HZ))
  await phone.hangUp()
})

test('before the answer everything else is CALL_STATE_INVALID, and the call rings on', async () => {
  const { id, call, cancel } = await ringingCall()
  for (const operation of OPERATIONS.filter(([, what]) => what !== 'talk')) {
    const answer = await ask(mine, operation, id)
    assertReason(answer, 409, 'CALL_STATE_INVALID', 'call-manager')
    assert.deepEqual(answer.body.error.details, [{ call_id: id, status: 'ringing' }])
  }
  const shown = (await mine.get(`/v1.0/calls/${id}`)).body
  assert.deepEqual([shown.status, shown.mute_direction], ['ringing', undefined])
  cancel()
  assert.equal((await call).status, 487)
})

test('on a call that is over everything is CALL_ALREADY_HANGUP, with the time at which it ended', async () => {
  const id = await endedCall()
  const { tm_hangup } = (await mine.get(`/v1.0/calls/${id}`)).body
  for (const operation of OPERATIONS) {
    const answer = await ask(mine, operation, id)
    assertReason(answer, 409, 'CALL_ALREADY_HANGUP', 'call-manager')
    assert.deepEqual(answer.body.error.details, [{ call_id: id, tm_hangup }])
  }
})

test("another customer's call looks exactly like one that does not exist, and nothing happens to it", async () => {
  const { id, phone } = await liveCall()
  const ended = await endedCall()
  for (const operation of OPERATIONS) {
    const missing = await ask(theirs, operation, systemIds.uuid())
    assertReason(missing, 404, 'CALL_NOT_FOUND', 'call-manager')
    for (const foreign of [id, ended]) sameButRequestId(await ask(theirs, operation, foreign), missing)
  }
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, undefined)
  assert.deepEqual(
    phone.requests.filter(({ method }) => method === 'INVITE'),
    [],
  )
  await phone.hangUp()
})

test('a deleted call does not exist for anything', async () => {
  const id = await endedCall()
  await mine.delete(`/v1.0/calls/${id}`)
  for (const operation of OPERATIONS)
    assertReason(await ask(mine, operation, id), 404, 'CALL_NOT_FOUND', 'call-manager')
})

test('bad bodies are refused with the field, before anything happens', async () => {
  const { id, phone } = await liveCall()
  const bad: [(typeof OPERATIONS)[number], object, string][] = [
    [['POST', 'mute'], { direction: 'sideways' }, 'direction'],
    [['POST', 'talk'], {}, 'text'],
    [['POST', 'talk'], { text: '' }, 'text'],
    [['POST', 'talk'], { text: 'x'.repeat(5_001) }, 'text'],
    [['POST', 'talk'], { text: '...' }, 'text'],
  ]
  for (const [operation, body, field] of bad) {
    const answer = await ask(mine, operation, id, body)
    assertReason(answer, 400, 'INVALID_ARGUMENT', 'api-manager')
    assert.equal(answer.body.error.details[0].field, field)
  }
  assertReason(await ask(mine, ['POST', 'talk'], id, { text: 7 }), 400, 'INVALID_JSON_BODY', 'api-manager')
  assertReason(await ask(mine, ['POST', 'talk'], id, { text: 'broken' }), 503, 'SERVICE_UNAVAILABLE', 'api-manager')
  await phone.hangUp()
})

test('commands at the same instant all count, once each', async () => {
  const { id, phone } = await liveCall()
  const answers = await Promise.all([
    ask(mine, ['POST', 'mute'], id, { direction: 'in' }),
    ask(mine, ['POST', 'mute'], id, { direction: 'out' }),
    ask(mine, ['POST', 'mute'], id, { direction: 'in' }),
    ask(mine, ['POST', 'hold'], id),
    ask(mine, ['POST', 'hold'], id),
    ask(mine, ['POST', 'talk'], id),
    ask(mine, ['POST', 'talk'], id),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  )
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, 'both')
  assert.equal(phone.requests.filter(({ method }) => method === 'INVITE').length, 1)
  await phone.hangUp()
})

test('an action of a flow asks the same of its call, and is refused for the same reasons', async () => {
  const { id, phone } = await liveCall()
  const mute = { type: 'mute', on: true, direction: 'both' } as const
  await calls.engine.control(calls.customer, id, mute, 'f:7')
  assert.equal((await mine.get(`/v1.0/calls/${id}`)).body.mute_direction, 'both')
  const stream = { stream_id: systemIds.uuid(), address: '127.0.0.1', port: 9, listen: 'in', speak: false } as const
  const command = { id: 'f:8', type: 'stream_start', customer_id: calls.customer, call_id: id, stream } as const
  await assert.rejects(calls.engine.stream(command), apiErrors.SERVICE_UNAVAILABLE.is)
  const other = await calls.otherCustomer()
  await assert.rejects(calls.engine.control(other, id, mute, 'f:9'), callErrors.CALL_NOT_FOUND.is)
  await phone.hangUp()
})
