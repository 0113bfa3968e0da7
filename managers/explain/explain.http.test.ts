import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import { pcapRecords } from '#telecom/pcap'
import { assertReason, eventually, type Json, sameButRequestId, TestCalls } from '#testkit'

const NUMBER = '+899004000001'
const calls = await TestCalls.start()
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const theirs = api(await calls.otherCustomer())
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
}

const account = async (id: string): Promise<Json> => {
  const { status, body, text } = await mine.get(`/v1.0/calls/${id}/explain`)
  assert.equal(status, 200, text)
  return body
}
const texts = (explained: Json, type: string): string[] =>
  explained.entries.filter((entry: Json) => entry.type === type).map((entry: Json) => entry.text)

/** A call that is up: its id and the phone's side. */
async function liveCall(user = 'somebody', password?: string) {
  const phone = await (await calls.phone(user, password)).call(NUMBER)
  assert.equal(phone.status, 200)
  const { live } = await eventually('it began', () => calls.lives.at(-1))
  return { id: live.id, phone, live }
}

async function over(id: string): Promise<void> {
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
}

/** Its record is a row. */
async function written(id: string): Promise<void> {
  const row = () => calls.db.query('select 1 from call_records where call_id = $1 and complete', [id])
  await eventually('its record is on disk', async () => (await row()).length === 1, 10_000)
}

test('a live call says by which rule it was let in and shows each message so far, in order', async () => {
  const { id, phone } = await liveCall('1000', 'secret-1000')
  await eventually('the ACK came', async () => texts(await account(id), 'sip').some((text) => text.startsWith('ACK')))
  const explained = await account(id)
  assert.equal(explained.verdict.reason, 'in_progress')
  assert.equal(explained.record.state, 'live')
  const { rule } = explained.entries.find(({ type }: Json) => type === 'rule')
  assert.deepEqual([rule.matched, rule.dialled, rule.authenticated, rule.domain], ['number', NUMBER, '1000', 'bare'])
  assert.deepEqual(
    texts(explained, 'sip').map((text) => text.replace(/ (from|to) 127.*/, '')),
    [
      ...['INVITE', '100 Trying to INVITE', '401 Unauthorized to INVITE', 'ACK'],
      ...['INVITE', '100 Trying to INVITE', '180 Ringing to INVITE', '200 OK to INVITE', 'ACK'],
    ],
  )
  const times = explained.entries.map(({ timestamp }: Json) => timestamp)
  assert.deepEqual(times, times.toSorted())
  await phone.hangUp()
  await over(id)
})

test('an ended call keeps its account: who hung up, the figures of its sound, also when only its row is left', async () => {
  const { id, phone } = await liveCall()
  const quiet = phone.sound.hum(440)
  await eventually('its sound came', async () =>
    texts(await account(id), 'media').some((text) => text.startsWith('The first packet of sound came')),
  )
  await quiet()
  await phone.hangUp()
  await over(id)
  const before = await account(id)
  assert.equal(before.verdict.reason, 'hung_up_by_caller')
  assert.equal(before.verdict.blame, 'none')
  await written(id)
  const after = await eventually('it is read from its row', async () => {
    const explained = await account(id)
    return calls.callRecorder.counts.live === 0 ? explained : undefined
  })
  assert.deepEqual(after.verdict, before.verdict)
  assert.equal(after.record.state, 'complete')
  const facts = after.entries.filter(({ type }: Json) => type === 'media').map(({ media }: Json) => media.fact)
  for (const fact of ['codec', 'first_packet_sent', 'first_packet_received', 'statistics'])
    assert.ok(facts.includes(fact), fact)
  const ended = after.entries.find(({ state }: Json) => state?.status === 'hangup')
  assert.equal(ended.state.hangup_by, 'remote')
})

test('a call that the API ends says so', async () => {
  const { id } = await liveCall()
  assert.equal((await mine.post(`/v1.0/calls/${id}/hangup`)).status, 200)
  await over(id)
  const { verdict, entries } = await account(id)
  assert.equal(verdict.reason, 'ended_by_request')
  assert.equal(entries.find(({ state }: Json) => state?.status === 'hangup').state.asked_by, 'api')
})

test('a caller who gives up is the one who is to blame', async () => {
  calls.script = () => {}
  const phone = await calls.phone('somebody')
  const call = await phone.call(NUMBER, {
    whileRinging: (call) => void eventually('it rings', () => call.provisional.includes(180)).then(() => call.cancel()),
  })
  assert.equal(call.status, 487)
  const id = calls.lives.at(-1)?.live.id ?? ''
  await over(id)
  const { verdict } = await account(id)
  assert.deepEqual([verdict.reason, verdict.blame], ['canceled_by_caller', 'caller'])
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
})

test('each step of the flow is there with what it wrote and why it failed, and so is each webhook attempt', async () => {
  const { id, phone, live } = await liveCall()
  await phone.hangUp()
  await over(id)
  const { activeflow_id, tm_create } = live.snapshot()
  const action = { next_id: '', tm_execute: tm_create }
  calls.executions.set(activeflow_id, {
    id: activeflow_id,
    status: 'ended',
    ended_reason: 'finished',
    tm_create,
    current_action: { ...action, id: '', type: '' },
    executed_actions: [
      { ...action, id: systemIds.uuid(), type: '' },
      { ...action, id: systemIds.uuid(), type: 'variable_set', variables: { who: 'Ann' } },
      { ...action, id: systemIds.uuid(), type: 'play', result: 'failed', cause: 'play_failed: dns' },
      { ...action, id: systemIds.uuid(), type: 'talk', tm_execute: null, result: 'skipped', cause: 'no_call' },
    ],
  })
  calls.deliveries.push({
    ...{ delivery_id: systemIds.uuid(), event_type: 'call_hangup', sequence: 7, status: 'failed', attempt_count: 2 },
    ...{ tm_next: null, tm_create },
    attempts: [1, 2].map(() => ({ tm_start: tm_create, http_status: 503, failure: 'status', duration_ms: 12 })),
  })
  const explained = await account(id)
  const steps = explained.entries.filter(({ type }: Json) => type === 'flow').map(({ flow }: Json) => flow)
  assert.deepEqual(
    steps.map(({ action_type, result, cause }: Json) => [action_type, result, cause]),
    [
      ['variable_set', 'done', ''],
      ['play', 'failed', 'play_failed: dns'],
      ['talk', 'skipped', 'no_call'],
    ],
  )
  assert.deepEqual(steps[0].variables, { who: 'Ann' })
  assert.deepEqual(texts(explained, 'webhook'), [
    'Webhook call_hangup, attempt 1: status 503',
    'Webhook call_hangup, attempt 2: status 503',
  ])
  assert.deepEqual(
    explained.warnings.map(({ reason }: Json) => reason),
    ['flow_step_failed', 'webhook_failed'],
  )
  calls.deliveries.length = 0
})

test('an INVITE that comes again is counted, not listed again', async () => {
  const phone = await calls.phone('somebody')
  const sipCallId = systemIds.uuid()
  const invite = [
    `INVITE sip:${NUMBER}@${calls.server} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bK${sipCallId};rport`,
    `From: <sip:somebody@127.0.0.1>;tag=${sipCallId}`,
    `To: <sip:${NUMBER}@${calls.server}>`,
    `Call-ID: ${sipCallId}`,
    'CSeq: 1 INVITE',
    `Contact: ${phone.contact}`,
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n')
  const before = calls.lives.length
  phone.send(invite)
  const { live } = await eventually('it began', () => calls.lives[before])
  phone.send(invite)
  const { sip } = await eventually('it is counted', async () =>
    (await account(live.id)).entries.find(({ sip }: Json) => sip?.method === 'INVITE' && sip.retransmissions === 1),
  )
  assert.equal(sip.sip_call_id, sipCallId)
  live.hangup('normal')
  await over(live.id)
})

test('the analysis has the messages as they were, without secrets, and the figures of the sound', async () => {
  const { id, phone } = await liveCall('1000', 'secret-1000')
  const quiet = phone.sound.hum(440)
  await eventually('its sound came', async () =>
    texts(await account(id), 'media').some((text) => text.startsWith('The first packet of sound came')),
  )
  assert.equal((await mine.get(`/v1.0/timelines/calls/${id}/sip-analysis`)).body.rtcp_stats, null)
  await quiet()
  await phone.hangUp()
  await over(id)
  const { sip_messages, rtcp_stats } = await eventually('its figures are there', async () => {
    const { body } = await mine.get(`/v1.0/timelines/calls/${id}/sip-analysis`)
    return body.rtcp_stats === null ? undefined : body
  })
  assert.deepEqual(
    sip_messages.slice(0, 5).map(({ method }: Json) => method),
    ['INVITE', '100', '401', 'ACK', 'INVITE'],
  )
  const [challenge, second] = [sip_messages[2].raw, sip_messages[4].raw]
  assert.match(challenge, /\bnonce="\*+"/)
  assert.match(second, /\bresponse="\*{32,}"/)
  assert.match(second, /username="1000"/)
  assert.match(second, /\r\nm=audio /)
  assert.ok(rtcp_stats.rtp_packets >= 1 && rtcp_stats.rtp_bytes >= 160 && rtcp_stats.mos > 3)
  for (const name of ['jitter', 'packet_loss_pct', 'rtt', 'rtp_errors', 'rtcp_bytes', 'rtcp_packets', 'rtcp_errors'])
    assert.equal(typeof rtcp_stats[name], 'number', name)
})

test('the capture holds every message, and the sound of a customer who wants it', async () => {
  await calls.db.query(`update customers set metadata = '{"rtp_debug":true}' where id = $1`, [calls.customer])
  const { id, phone } = await liveCall()
  const quiet = phone.sound.hum(440)
  await eventually('its sound came', async () =>
    texts(await account(id), 'media').some((text) => text.startsWith('The first packet of sound came')),
  )
  await quiet()
  await phone.hangUp()
  await over(id)
  await calls.db.query(`update customers set metadata = '{"rtp_debug":false}' where id = $1`, [calls.customer])
  const path = `/v1.0/timelines/calls/${id}/pcap`
  const capture = async () => {
    const response = await fetch(`${calls.url}${path}`, { headers: { authorization: `Bearer ${calls.customer}` } })
    assert.equal(response.headers.get('content-type'), 'application/vnd.tcpdump.pcap')
    assert.equal(response.headers.get('content-disposition'), `attachment; filename="call-${id}.pcap"`)
    return pcapRecords(Buffer.from(await response.arrayBuffer()))
  }
  const records = await eventually('the sound is in it', async () => {
    const all = await capture()
    return all.some(({ record }) => record[44] === 0x80) ? all : undefined
  })
  const texts_ = records.map(({ record }) => record.toString('latin1', 44))
  for (const start of ['INVITE ', 'SIP/2.0 200', 'BYE '])
    assert.ok(
      texts_.some((text) => text.startsWith(start)),
      start,
    )
  const times = records.map(({ micros }) => micros)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.ok(Math.abs((times[0] ?? 0) / 1_000 - systemClock.wallMs()) < 60_000)
})

test("another customer's call looks exactly like one that does not exist, at each of the three", async () => {
  const { id, phone } = await liveCall()
  const unknown = systemIds.uuid()
  for (const path of [
    (call: string) => `/v1.0/calls/${call}/explain`,
    (call: string) => `/v1.0/timelines/calls/${call}/sip-analysis`,
    (call: string) => `/v1.0/timelines/calls/${call}/pcap`,
  ]) {
    const missing = await theirs.get(path(unknown))
    assertReason(missing, 404, 'CALL_NOT_FOUND', 'call-manager')
    sameButRequestId(await theirs.get(path(id)), missing)
  }
  await phone.hangUp()
  await over(id)
})

test('an id that is none has its reason', async () => {
  assertReason(await mine.get('/v1.0/calls/7/explain'), 400, 'INVALID_ID', 'api-manager')
  for (const what of ['sip-analysis', 'pcap'])
    assertReason(await mine.get(`/v1.0/timelines/calls/7/${what}`), 400, 'INVALID_CALL_ID', 'api-manager')
})

test('a call of which nothing was kept still has an account, and no messages', async () => {
  const { id, phone } = await liveCall()
  await phone.hangUp()
  await over(id)
  await written(id)
  await eventually('it is out of memory', () => calls.callRecorder.counts.live === 0)
  await calls.db.query('delete from call_records where call_id = $1', [id])
  const explained = await account(id)
  assert.equal(explained.record.state, 'none')
  assert.equal(explained.verdict.reason, 'hung_up_by_caller')
  for (const what of ['sip-analysis', 'pcap'])
    assertReason(await mine.get(`/v1.0/timelines/calls/${id}/${what}`), 404, 'RESOURCE_NOT_FOUND', 'api-manager')
})

test('calls that were refused before they began are listed with the reason, newest first, to whom they would have been', async () => {
  const right = await calls.phone('1000', 'secret-1000')
  const wrong = await calls.phone('1000', 'secret-wrong')
  assert.equal((await wrong.call(NUMBER)).status, 401)
  assert.equal((await right.call('nobody')).status, 404)
  assert.equal((await right.call(NUMBER, { sdp: 'v=0\r\nrubbish' })).status, 400)
  calls.flowExists = false
  assert.equal((await right.call(NUMBER)).status, 404)
  calls.flowExists = true
  const { result } = await eventually('all are listed', async () => {
    const { body } = await mine.get('/v1.0/refused_calls')
    return body.result.length >= 4 ? body : undefined
  })
  assert.deepEqual(
    result.map(({ reason, status, blame }: Json) => [reason, status, blame]),
    [
      ['flow_not_found', 404, 'configuration'],
      ['session_not_acceptable', 400, 'configuration'],
      ['number_not_found', 404, 'configuration'],
      ['credentials_refused', 401, 'configuration'],
    ],
  )
  assert.match(result[2].dialled, /^sip:nobody@/)
  assert.equal(result[2].source_port, right.port)
  assert.ok(result.every(({ fix, meaning }: Json) => fix !== '' && meaning !== ''))
  assert.equal((await mine.get('/v1.0/refused_calls?page_size=1')).body.result.length, 1)
  assert.deepEqual((await theirs.get('/v1.0/refused_calls')).body.result, [])
})
