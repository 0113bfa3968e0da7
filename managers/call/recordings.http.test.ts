import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, type Json, sameButRequestId, TestCalls } from '#testkit'

const NUMBER = '+899007000001'
const calls = await TestCalls.start()
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const stranger = await calls.otherCustomer()
const theirs = api(stranger)
const { recorder } = calls

/** A call that is up: its id and the phone's side. */
async function liveCall() {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const id = calls.lives.at(-1)?.live.id ?? ''
  return { id, phone, path: `/v1.0/calls/${id}` }
}

/** A call that is being recorded. */
async function recordedCall(body: object = {}) {
  const call = await liveCall()
  const answer = await mine.post(`${call.path}/recording_start`, body)
  assert.equal(answer.status, 200, answer.text)
  return { ...call, recording: answer.body.recording_id as string }
}

/** The recording once it has this status. */
function recordingIs(status: string, id: string): Promise<Json> {
  return eventually(`the recording is ${status}`, async () => {
    const { body } = await mine.get(`/v1.0/recordings/${id}`)
    return body.status === status ? body : undefined
  })
}

/** A recording that is over, of a call that is over. */
async function endedRecording(body: object = {}) {
  const { recording, phone, id } = await recordedCall(body)
  await phone.hangUp()
  return { call: id, shown: await recordingIs('ended', recording), id: recording }
}

const eventsOf = async (id: string) =>
  (await calls.events(calls.customer, 'recording')).filter(({ data }) => data.id === id)

test('a call is recorded from start to stop: the call names it, the recording has its times, events tell of both', async () => {
  const { id, path, phone, recording } = await recordedCall()
  const up = (await mine.get(path)).body
  assert.equal(up.recording_id, recording)
  assert.deepEqual(up.recording_ids, [recording])
  const going = (await mine.get(`/v1.0/recordings/${recording}`)).body
  assert.equal(going.status, 'recording')
  assert.equal(going.reference_type, 'call')
  assert.equal(going.reference_id, id)
  assert.equal(going.activeflow_id, up.activeflow_id)
  assert.equal(going.format, 'wav')
  assert.equal(going.on_end_flow_id, NIL_UUID)
  assert.match(going.tm_start, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  for (const name of ['tm_end', 'tm_delete', 'duration', 'size', 'complete', 'owner_type', 'node', 'recording_name'])
    assert.equal(name in going, false, name)

  const stopped = await mine.post(`${path}/recording_stop`)
  assert.equal(stopped.status, 200)
  assert.equal(stopped.body.recording_id, NIL_UUID)
  assert.deepEqual(stopped.body.recording_ids, [recording])
  const ended = await recordingIs('ended', recording)
  assert.equal(ended.duration, 2)
  assert.equal(ended.size, 2 * (44 + 32_000))
  assert.equal(ended.complete, true)
  assert.ok(ended.tm_end >= ended.tm_start)
  const events = await eventsOf(recording)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['recording_started', 'recording_finished'],
  )
  assert.deepEqual(events.at(-1)?.data, ended, 'the event shows what REST shows')
  const updates = (await calls.events()).filter(({ type, data }) => data.id === id && type === 'call_updated')
  assert.deepEqual(
    updates.map(({ data }) => data.recording_id),
    [recording, NIL_UUID],
  )
  await phone.hangUp()
})

test('a recording can be started again and again, each one is another; the hyphen spelling does the same', async () => {
  const { path, recording, phone } = await recordedCall({ duration: 60 })
  assert.equal((await mine.post(`${path}/recording-stop`)).status, 200)
  const again = await mine.post(`${path}/recording-start`)
  assert.equal(again.status, 200)
  assert.deepEqual(again.body.recording_ids, [recording, again.body.recording_id])
  await phone.hangUp()
})

test('a second start is RECORDING_ALREADY_ACTIVE and names the first; of two at once exactly one is made', async () => {
  const { path, recording, phone } = await recordedCall()
  const second = await mine.post(`${path}/recording_start`)
  assertReason(second, 409, 'RECORDING_ALREADY_ACTIVE', 'call-manager')
  assert.deepEqual(second.body.error.details, [{ recording_id: recording }])
  await mine.post(`${path}/recording_stop`)
  const both = await Promise.all([mine.post(`${path}/recording_start`), mine.post(`${path}/recording_start`)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
  await phone.hangUp()
})

test('stopping what is not recorded is RECORDING_NOT_ACTIVE, also on a call that is over', async () => {
  const { path, phone } = await liveCall()
  assertReason(await mine.post(`${path}/recording_stop`), 409, 'RECORDING_NOT_ACTIVE', 'call-manager')
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(path)).body.status === 'hangup')
  assertReason(await mine.post(`${path}/recording_stop`), 409, 'RECORDING_NOT_ACTIVE', 'call-manager')
  assertReason(await mine.post(`${path}/recording_start`), 409, 'CALL_ALREADY_HANGUP', 'call-manager')
})

test('a call that is not answered yet is CALL_STATE_INVALID, with its state', async () => {
  calls.script = () => {}
  const phone = await calls.phone('somebody')
  const answer = await new Promise<Json>((resolve) => {
    void phone.call(NUMBER, {
      whileRinging: async (ringing) => {
        await eventually('it rings', () => ringing.provisional.includes(180))
        const id = calls.lives.at(-1)?.live.id
        resolve(await mine.post(`/v1.0/calls/${id}/recording_start`))
        ringing.cancel()
      },
    })
  })
  assertReason(answer, 409, 'CALL_STATE_INVALID', 'call-manager')
  assert.equal(answer.body.error.details[0].status, 'ringing')
})

test('without balance nothing is recorded: INSUFFICIENT_BALANCE; a frozen account is ACCOUNT_SUSPENDED', async () => {
  const { path, phone } = await liveCall()
  const change = (column: string) =>
    calls.db.query(`update billing_accounts set ${column} where customer_id = $1`, [calls.customer])
  await change('balance_token = 0, balance_credit = 29999')
  assertReason(await mine.post(`${path}/recording_start`), 402, 'INSUFFICIENT_BALANCE', 'call-manager')
  await change('balance_credit = 30000')
  assert.equal((await mine.post(`${path}/recording_start`)).status, 200)
  await mine.post(`${path}/recording_stop`)
  await change(`status = 'frozen'`)
  assertReason(await mine.post(`${path}/recording_start`), 402, 'ACCOUNT_SUSPENDED', 'billing-manager')
  await change(`status = 'active', balance_token = 10000`)
  assert.deepEqual((await mine.get(path)).body.recording_ids.length, 1)
  await phone.hangUp()
})

test('every fault of the body is told with its place', async () => {
  const { path, phone } = await liveCall()
  const answer = await mine.post(`${path}/recording_start`, {
    format: 'ogg',
    end_of_silence: -1,
    end_of_key: '7',
    duration: -5,
  })
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  assert.deepEqual(answer.body.error.details.map(({ pointer }: Json) => pointer).toSorted(), [
    '/duration',
    '/end_of_key',
    '/end_of_silence',
    '/format',
  ])
  assertReason(await mine.post(`${path}/recording_start`, { duration: '5' }), 400, 'INVALID_JSON_BODY')
  for (const field of ['duration', 'end_of_silence'])
    assertReason(await mine.post(`${path}/recording_start`, { [field]: 2_147_484 }), 400, 'INVALID_ARGUMENT')
  assertReason(await mine.post(`${path}/recording_start`, { on_end_flow_id: 'x' }), 400, 'INVALID_ID')
  await phone.hangUp()
})

test('the flow that follows must be one of the customer: FLOW_NOT_FOUND', async () => {
  const { path, phone } = await liveCall()
  calls.flowExists = false
  const answer = await mine.post(`${path}/recording_start`, { on_end_flow_id: systemIds.uuid() })
  assertReason(answer, 404, 'FLOW_NOT_FOUND', 'flow-manager')
  const unknown = await mine.post(`/v1.0/calls/${systemIds.uuid()}/recording_start`, {
    on_end_flow_id: systemIds.uuid(),
  })
  assertReason(unknown, 404, 'CALL_NOT_FOUND', 'call-manager')
  calls.flowExists = true
  await phone.hangUp()
})

test('media that does not begin is SERVICE_UNAVAILABLE, and the row says that nothing was recorded', async () => {
  const { path, phone } = await liveCall()
  recorder.begins = false
  const asking = mine.post(`${path}/recording_start`)
  const recording_id = await eventually('the line was asked', async () => {
    const id = (await mine.get(path)).body.recording_id
    return id !== NIL_UUID && recorder.asked.at(-1)?.recording_id === id ? (id as string) : undefined
  })
  recorder.end(recording_id, { duration_ms: 0, complete: false, issue: 'no space' })
  assertReason(await asking, 503, 'SERVICE_UNAVAILABLE')
  recorder.begins = true
  const row = await recordingIs('ended', recording_id)
  assert.equal('tm_start' in row, false)
  assert.equal(row.complete, false)
  assert.deepEqual(
    (await eventsOf(recording_id)).map(({ type }) => type),
    ['recording_finished'],
  )
  await phone.hangUp()
})

test('the line is told where to write and how much silence ends it', async () => {
  const { recording, phone } = await recordedCall({ end_of_silence: 3 })
  const asked = recorder.asked.at(-1)
  assert.equal(asked?.recording_id, recording)
  assert.equal(asked?.endOfSilenceMs, 3_000)
  assert.match(asked?.in ?? '', new RegExp(`/${calls.customer}/\\d{4}-\\d\\d-\\d\\d/${recording}/call_.*_in\\.wav$`))
  assert.match(asked?.out ?? '', /_out\.wav$/)
  recorder.end(recording, { duration_ms: 1_500 }) // the silence was long enough
  assert.equal((await recordingIs('ended', recording)).duration, 1.5)
  await phone.hangUp()
})

test('a key that ends the recording ends it for the caller too, and reaches the flow', async () => {
  const { recording, phone, path } = await recordedCall({ end_of_key: '#' })
  const inputs = calls.lives.at(-1)?.inputs ?? []
  await phone.request('INFO', [], 'Signal=#\r\nDuration=160\r\n', 'application/dtmf-relay')
  await recordingIs('ended', recording)
  assert.equal((await mine.get(path)).body.recording_id, NIL_UUID)
  assert.ok(inputs.some((input) => input.type === 'digit' && input.digit === '#'))
  await phone.hangUp()
})

test('the end of the call ends its recording; the flow that follows is started once, with what it has to know', async () => {
  const flow_id = systemIds.uuid()
  const { id, call, shown } = await endedRecording({ on_end_flow_id: flow_id })
  assert.equal(shown.on_end_flow_id, flow_id)
  const next = await eventually('the flow follows', () => calls.followed.find((each) => each.flow_id === flow_id))
  assert.equal(next.key, `recording_end:${id}`)
  assert.deepEqual([next.reference_type, next.reference_id], ['recording', id])
  assert.equal(next.customer_id, calls.customer)
  assert.equal(next.reference_activeflow_id, shown.activeflow_id)
  assert.equal(next.variables['voipbin.recording.id'], id)
  assert.equal(next.variables['voipbin.recording.reference_id'], call)
  assert.match(next.variables['voipbin.recording.filenames'] ?? '', /^call_[^,]*_in\.wav,call_[^,]*_out\.wav$/)
  await eventually('nothing is left to be started', async () => {
    return (await calls.db.query('select 1 from recording_ends')).length === 0
  })
  assert.equal(calls.followed.filter((each) => each.flow_id === flow_id).length, 1)
})

test('a list has the newest first, pages, and can be narrowed', async () => {
  const { id, call } = await endedRecording()
  const first = (await mine.get('/v1.0/recordings?page_size=1')).body
  assert.deepEqual(
    first.result.map((each: Json) => each.id),
    [id],
  )
  const rest = (await mine.get(`/v1.0/recordings?page_token=${first.next_page_token}`)).body
  assert.ok(rest.result.every((each: Json) => each.tm_create < first.result[0].tm_create))
  assert.equal(rest.next_page_token, '')
  const of = async (query: string) =>
    (await mine.get(`/v1.0/recordings?${query}`)).body.result.map((each: Json) => each.id)
  assert.deepEqual(await of(`reference_id=${call}`), [id])
  assert.deepEqual(await of(`reference_id=${call}&status=recording`), [])
  assert.deepEqual(await of('reference_type=confbridge'), [])
  assertReason(await mine.get('/v1.0/recordings?status=lost'), 400, 'INVALID_ARGUMENT')
  assertReason(await mine.get('/v1.0/recordings?reference_id=x'), 400, 'INVALID_REQUEST_PARAMETER')
  assert.deepEqual((await theirs.get('/v1.0/recordings')).body.result, [])
})

test("another customer's recording, and a call of theirs, look exactly like what does not exist", async () => {
  const { id } = await endedRecording()
  const { id: call, phone } = await liveCall()
  const unknown = systemIds.uuid()
  for (const [method, path, reason] of [
    ['GET', 'recordings/', 'RECORDING_NOT_FOUND'],
    ['DELETE', 'recordings/', 'RECORDING_NOT_FOUND'],
    ['GET', 'recordingfiles/', 'RECORDING_NOT_FOUND'],
    ['POST', 'calls/', 'CALL_NOT_FOUND'],
  ] as const)
    for (const action of method === 'POST' ? ['/recording_start', '/recording_stop'] : ['']) {
      const missing = await theirs.send(method, `/v1.0/${path}${unknown}${action}`)
      assertReason(missing, 404, reason, 'call-manager')
      const foreign = method === 'POST' ? call : id
      sameButRequestId(await theirs.send(method, `/v1.0/${path}${foreign}${action}`), missing)
    }
  assert.equal((await mine.get(`/v1.0/recordings/${id}`)).status, 200, 'nothing happened to it')
  assertReason(await mine.get('/v1.0/recordings/7'), 400, 'INVALID_ID')
  await phone.hangUp()
})

test('deleting removes the files and announces it; a second time there is none', async () => {
  const { id } = await endedRecording()
  const file = recorder.asked.at(-1)?.in ?? ''
  assert.ok(existsSync(file))
  const answer = await mine.delete(`/v1.0/recordings/${id}`)
  assert.equal(answer.status, 200)
  assert.ok(answer.body.tm_delete)
  assert.equal(existsSync(file), false)
  const [last] = (await eventsOf(id)).slice(-1)
  assert.equal(last?.type, 'recording_deleted')
  assert.deepEqual(last?.data, answer.body)
  for (const path of [`recordings/${id}`, `recordingfiles/${id}`])
    assertReason(await mine.get(`/v1.0/${path}`), 404, 'RECORDING_NOT_FOUND', 'call-manager')
  assertReason(await mine.delete(`/v1.0/recordings/${id}`), 404, 'RECORDING_NOT_FOUND', 'call-manager')
})

test('deleting one that goes on ends it first, and the call talks on', async () => {
  const { id, path, recording, phone } = await recordedCall()
  const answer = await mine.delete(`/v1.0/recordings/${recording}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.status, 'ended')
  assert.deepEqual(
    (await eventsOf(recording)).map(({ type }) => type),
    ['recording_started', 'recording_finished', 'recording_deleted'],
  )
  const call = (await mine.get(path)).body
  assert.equal(call.status, 'progressing')
  assert.equal(call.recording_id, NIL_UUID)
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
})

test('one whose node cannot be reached is SERVICE_UNAVAILABLE, and stays', async () => {
  const { id } = await endedRecording()
  await calls.db.query(`update recordings set status = 'recording', incarnation = 'elsewhere' where id = $1`, [id])
  assertReason(await mine.delete(`/v1.0/recordings/${id}`), 503, 'SERVICE_UNAVAILABLE')
  assert.equal((await mine.get(`/v1.0/recordings/${id}`)).body.status, 'recording')
})

test('a file is asked for: 307 to a signed address without a login, where a zip of both directions is', async () => {
  const { id, shown } = await endedRecording()
  const answer = await mine.get(`/v1.0/recordingfiles/${id}?accesskey=${calls.customer}`)
  assert.equal(answer.status, 307)
  const location = answer.headers.get('location') ?? ''
  assert.equal(answer.body, location)
  assert.match(location, new RegExp(`^/files/${id}\\?expires=\\d+&sig=[\\w-]{43}$`))
  const zip = await api('').get(location)
  assert.equal(zip.status, 200)
  assert.equal(zip.headers.get('content-type'), 'application/zip')
  assert.match(zip.headers.get('content-disposition') ?? '', /^attachment; filename="call_[^"]*\.zip"$/)
  assert.ok(Number(zip.headers.get('content-length')) > shown.size)
})

test('the address of both directions in one sound is asked for with format=wav', async () => {
  const { id } = await endedRecording()
  const location = (await mine.get(`/v1.0/recordingfiles/${id}?format=wav`)).headers.get('location') ?? ''
  const wav = await api('').get(location)
  assert.equal(wav.status, 200)
  assert.equal(wav.headers.get('content-type'), 'audio/wav')
  assert.equal(wav.headers.get('content-length'), String(44 + 32_000))
})

test('a recording that goes on has no file yet: STATE_INVALID; one whose files are gone is FILE_NOT_FOUND', async () => {
  const { recording, phone } = await recordedCall()
  assertReason(await mine.get(`/v1.0/recordingfiles/${recording}`), 409, 'STATE_INVALID')
  await phone.hangUp()
  await recordingIs('ended', recording)
  const location = (await mine.get(`/v1.0/recordingfiles/${recording}`)).headers.get('location') ?? ''
  const { in: incoming = '', out: outgoing = '' } = recorder.asked.at(-1) ?? {}
  for (const path of [incoming, outgoing]) rmSync(path)
  assertReason(await mine.get(`/v1.0/recordingfiles/${recording}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assertReason(await api('').get(location), 404, 'FILE_NOT_FOUND', 'storage-manager')
})
