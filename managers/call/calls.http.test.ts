import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { assertReason, eventually, sameButRequestId, TestCalls } from '#testkit'

const NUMBER = '+899003000001'
const calls = await TestCalls.start()
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const theirs = api(await calls.otherCustomer())
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
}

/** A call that is up: its id and the phone's side. */
async function liveCall() {
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const id = calls.lives.at(-1)?.live.id ?? ''
  return { id, phone }
}

/** A call that is over. */
async function endedCall() {
  const { id, phone } = await liveCall()
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
  return id
}

test('a call is shown with its times, ids and addresses; what is empty is left out', async () => {
  const { id, phone } = await liveCall()
  const call = await eventually('it is progressing', async () => {
    const { body } = await mine.get(`/v1.0/calls/${id}`)
    return body.status === 'progressing' ? body : undefined
  })
  assert.equal(call.direction, 'incoming')
  assert.deepEqual(call.chained_call_ids, [])
  assert.equal(call.destination.target, NUMBER)
  for (const name of ['tm_create', 'tm_ringing', 'tm_progressing'])
    assert.match(call[name], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  for (const name of ['hangup_by', 'hangup_reason', 'tm_hangup', 'tm_delete', 'mute_direction', 'node', 'dialog'])
    assert.equal(name in call, false, name)
  await phone.hangUp()
})

test('a list shows the newest call first and pages to the last one', async () => {
  await endedCall()
  const first = (await mine.get('/v1.0/calls?page_size=1')).body
  assert.equal(first.result.length, 1)
  const rest = (await mine.get(`/v1.0/calls?page_token=${first.next_page_token}`)).body
  assert.ok(rest.result.every((call: { tm_create: string }) => call.tm_create < first.result[0].tm_create))
  assert.equal(rest.next_page_token, '')
  assert.deepEqual((await theirs.get('/v1.0/calls')).body.result, [])
})

test('a hangup over the API ends the call with a BYE and answers with the call as it ends', async () => {
  const { id, phone } = await liveCall()
  const answer = await mine.post(`/v1.0/calls/${id}/hangup`)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.status, 'terminating')
  await eventually('the phone got its BYE', () => phone.bye)
  const call = await eventually('it is over', async () => {
    const { body } = await mine.get(`/v1.0/calls/${id}`)
    return body.status === 'hangup' ? body : undefined
  })
  assert.equal(call.hangup_by, 'local')
})

test('hanging up a call that is over is CALL_ALREADY_HANGUP, with the time at which it ended', async () => {
  const id = await endedCall()
  const answer = await mine.post(`/v1.0/calls/${id}/hangup`)
  assertReason(answer, 409, 'CALL_ALREADY_HANGUP', 'call-manager')
  const call = (await mine.get(`/v1.0/calls/${id}`)).body
  assert.deepEqual(answer.body.error.details, [{ call_id: id, tm_hangup: call.tm_hangup }])
})

test("another customer's call looks exactly like a call that does not exist", async () => {
  const { id, phone } = await liveCall()
  const ended = await endedCall()
  const unknown = systemIds.uuid()
  for (const [method, suffix] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/hangup'],
  ] as const) {
    const missing = await theirs.send(method, `/v1.0/calls/${unknown}${suffix}`)
    assertReason(missing, 404, 'CALL_NOT_FOUND', 'call-manager')
    for (const foreign of [id, ended]) {
      const answer = await theirs.send(method, `/v1.0/calls/${foreign}${suffix}`)
      sameButRequestId(answer, missing)
    }
  }
  assert.equal(phone.bye, undefined, 'nothing happened to it')
  await phone.hangUp()
})

test('an id that is none is INVALID_ID', async () => {
  assertReason(await mine.get('/v1.0/calls/7'), 400, 'INVALID_ID', 'api-manager')
})

test('deleting a live call ends it first; afterwards it is gone, and its events say so in order', async () => {
  const { id, phone } = await liveCall()
  const answer = await mine.delete(`/v1.0/calls/${id}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.status, 'hangup')
  assert.ok(answer.body.tm_delete)
  assert.ok(phone.bye)
  assertReason(await mine.get(`/v1.0/calls/${id}`), 404, 'CALL_NOT_FOUND', 'call-manager')
  assertReason(await mine.delete(`/v1.0/calls/${id}`), 404, 'CALL_NOT_FOUND', 'call-manager')
  assertReason(await mine.post(`/v1.0/calls/${id}/hangup`), 404, 'CALL_NOT_FOUND', 'call-manager')
  const events = (await calls.events()).filter(({ data }) => data.id === id).map(({ type }) => type)
  assert.deepEqual(events.slice(-3), ['call_terminating', 'call_hangup', 'call_deleted'])
})

test('a call that lives where nobody can be reached is SERVICE_UNAVAILABLE', async () => {
  const { id, phone } = await liveCall()
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
  await calls.db.query(`update calls set status = 'progressing', incarnation = 'elsewhere' where id = $1`, [id])
  assertReason(await mine.post(`/v1.0/calls/${id}/hangup`), 503, 'SERVICE_UNAVAILABLE', 'api-manager')
  assertReason(await mine.delete(`/v1.0/calls/${id}`), 503, 'SERVICE_UNAVAILABLE', 'api-manager')
})
