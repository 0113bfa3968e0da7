import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, TestCalls } from '#testkit'

const NUMBER = '+899001000001'

const calls = await TestCalls.start()
await calls.number(NUMBER)

/** The row of the latest call, once it has this status. */
async function latestCall(status: string): Promise<Record<string, unknown>> {
  return eventually(`the latest call is ${status}`, async () => {
    const id = calls.lives.at(-1)?.live.id
    const [row] = await calls.db.query<Record<string, unknown>>('select * from calls where id = $1', [id])
    return row?.status === status ? row : undefined
  })
}

test('a phone calls a number, is answered, hangs up, and every step is on record in order', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('1000', 'secret-1000')
  const call = await phone.call(NUMBER)
  assert.equal(call.status, 200)
  assert.ok(call.provisional.includes(180))
  const up = await latestCall('progressing')
  assert.ok(up.dialog, 'the dialog is kept for ending it after a crash')
  assert.equal((await call.hangUp(['Reason: Q.850;cause=16'])).status, 200)
  const row = await latestCall('hangup')
  assert.equal(row.hangup_by, 'remote')
  assert.equal(row.hangup_reason, 'normal')
  assert.equal(row.dialog, null)
  const times = ['tm_create', 'tm_ringing', 'tm_progressing', 'tm_hangup'].map((name) => String(row[name]))
  assert.deepEqual(times, times.toSorted())
  const source = row.source as Record<string, string>
  assert.equal(source.type, 'extension')
  assert.equal(source.target_name, '1000')
  assert.deepEqual(
    (await calls.events()).map(({ type }) => type),
    ['call_created', 'call_ringing', 'call_progressing', 'call_hangup'],
  )
})

test('the row of a call is on disk before its 200 is on the wire', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('stranger')
  const call = await phone.call(NUMBER)
  const rowAtAnswer = (await calls.db.query('select id from calls order by tm_create desc limit 1'))[0]
  assert.equal(call.status, 200)
  assert.deepEqual(rowAtAnswer, { id: calls.lives.at(-1)?.live.id })
  await call.hangUp()
})

test('a flow that ends the call before it is answered refuses it with 603', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.hangup('normal')
  }
  const phone = await calls.phone('stranger')
  const call = await phone.call(NUMBER)
  assert.equal(call.status, 603)
  const row = await latestCall('hangup')
  assert.equal(row.hangup_by, 'local')
  assert.equal(row.tm_progressing, null)
})

test('a flow that says busy is heard as 486', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.hangup('busy')
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  assert.equal(call.status, 486)
  assert.match(call.final?.headers.get('reason') ?? '', /Q\.850;cause=17/)
})

test('a caller who gives up while it rings leaves a call that was ended by remote', async () => {
  calls.script = () => {}
  const phone = await calls.phone('stranger')
  const call = await phone.call(NUMBER, {
    whileRinging: (ringing) => {
      void eventually('it rings', () => ringing.provisional.includes(180)).then(() => ringing.cancel())
    },
  })
  assert.equal(call.status, 487)
  const row = await latestCall('hangup')
  assert.equal(row.hangup_by, 'remote')
  assert.equal(row.hangup_reason, 'normal')
})

test('a hangup of ours reaches the phone as BYE with its Q.850 cause', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') live.hangup('normal')
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  await eventually('the BYE comes', () => call.bye)
  assert.match(call.bye?.headers.get('reason') ?? '', /Q\.850;cause=16/)
  const row = await latestCall('hangup')
  assert.equal(row.hangup_by, 'local')
})

test('keys pressed as RFC 4733 events and as SIP INFO are heard, each once', async () => {
  const digits: string[] = []
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'digit') digits.push(`${input.digit} ${input.method}`)
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  await call.sound.sendTone(440, 10)
  await call.sound.press('1')
  await eventually('the first key is heard', () => digits.length === 1)
  const info = await call.request('INFO', [], 'Signal=#\r\nDuration=160\r\n', 'application/dtmf-relay')
  assert.equal(info.status, 200)
  assert.equal((await call.request('INFO', [], '7', 'application/dtmf')).status, 200)
  assert.equal((await call.request('INFO', [], '<x/>', 'application/media_control+xml')).status, 415)
  assert.deepEqual(digits, ['1 rfc4733', '# info', '7 info'])
  await call.hangUp()
})

test('an echo gives the caller its own tone back', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') live.echo('f:2', 10_000)
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  await call.sound.sendTone(440, 60)
  assert.ok(call.sound.loudness().filter((each) => each > 0.05).length > 20, 'the tone comes back')
  await call.hangUp()
})

test('a beep before the answer is early media: 183 with a description, and the 200 repeats it', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.beep('f:1')
    if (input.type === 'played') live.answer('f:2')
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  assert.equal(call.status, 200)
  const early = call.responses.find(({ status }) => status === 183)
  assert.equal(early?.sdp?.toString(), call.final?.sdp?.toString())
  assert.ok(
    call.sound.loudness().some((each) => each > 0.02),
    'the beep was heard before the answer',
  )
  await call.hangUp()
})

test('digits that we send arrive as RFC 4733 events', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') live.sendDigits('f:2', '4#', { duration_ms: 100, interval_ms: 50 })
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  await eventually('both keys came', () => call.sound.presses.length === 2)
  assert.deepEqual(call.sound.presses, ['4', '#'])
  await eventually('the flow hears of it', () =>
    calls.lives.at(-1)?.inputs.find((input) => input.type === 'digits_sent'),
  )
  await call.hangUp()
})

test('hold in every form, a new address and an impossible offer: each is answered and the call lives', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  const { sound } = call
  const direction = async (sdp: string) => {
    const answer = await call.reinvite(sdp)
    assert.equal(answer.status, 200)
    return /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(answer.sdp?.toString() ?? '')?.[1]
  }
  assert.equal(await direction(sound.offer({ direction: 'sendonly' })), 'recvonly')
  assert.equal(await direction(sound.offer()), 'sendrecv')
  assert.equal(await direction(sound.offer({ direction: 'inactive' })), 'inactive')
  await direction(sound.offer({ address: '0.0.0.0' }))
  assert.equal(await direction(sound.offer()), 'sendrecv')
  assert.equal(await direction(sound.offer({ payloads: '8 101' })), 'sendrecv') // PCMA now
  const t38 = sound.offer().replace(/m=audio[^\r]*/, 'm=image 4000 udptl t38')
  assert.equal((await call.reinvite(t38)).status, 488)
  assert.equal((await call.reinvite('nonsense')).status, 400)
  const offerless = await call.reinvite(null, sound.offer())
  assert.equal(offerless.status, 200)
  assert.match(offerless.sdp?.toString() ?? '', /m=audio \d+ RTP\/AVP/)
  assert.equal((await call.hangUp()).status, 200)
})

test('an INVITE without an offer is answered with ours; the answer comes with the ACK', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') live.echo('f:2', 10_000)
  }
  const call = await (await calls.phone('stranger')).call(NUMBER, { sdp: null })
  assert.equal(call.status, 200)
  call.ack(call.sound.offer())
  await call.sound.sendTone(440, 60)
  assert.ok(call.sound.loudness().filter((each) => each > 0.05).length > 10, 'sound flows both ways')
  await call.hangUp()
})

test('an offer that crosses ours, whose answer has not come with the ACK, gets 491, and the call lives', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const call = await (await calls.phone('stranger')).call(NUMBER, { sdp: null })
  assert.equal((await call.request('INVITE', [], call.sound.offer())).status, 491)
  call.ack(call.sound.offer())
  await eventually('the answer was taken', async () => (await call.reinvite(call.sound.offer())).status === 200)
  assert.equal((await call.hangUp()).status, 200)
})

for (const [what, sdp, contentType, status] of [
  ['a description that cannot be read', 'nonsense', 'application/sdp', 400],
  [
    'codecs that we do not have',
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n',
    'application/sdp',
    488,
  ],
  ['a body that is no description', 'hello', 'text/plain', 415],
] as const)
  test(`an INVITE with ${what} is refused with ${status} and makes no call`, async () => {
    const made = async () => (await calls.db.query('select id from calls')).length
    const [before, lives] = [await made(), calls.lives.length]
    const call = await (await calls.phone('stranger')).call(NUMBER, { sdp, contentType })
    assert.equal(call.status, status)
    assert.deepEqual([await made(), calls.lives.length], [before, lives])
  })

test('a number whose flow does not exist any more answers 404', async () => {
  calls.flowExists = false
  const call = await (await calls.phone('stranger')).call(NUMBER)
  calls.flowExists = true
  assert.equal(call.status, 404)
})
