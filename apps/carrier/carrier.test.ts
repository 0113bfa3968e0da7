import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, FakePhone, type Json, levelAt } from '#testkit'
import { scriptOf } from './script.ts'
import { TestCarrier } from './test-carrier.ts'

const carrier = await TestCarrier.start()

test('the last digits of a number are the status that it refuses with', async () => {
  const phone = await carrier.phone()
  for (const status of [404, 486, 503, 603]) {
    const call = await phone.call(`+999000000${status}`)
    assert.deepEqual([call.status, call.provisional], [status, []])
  }
  const call = await phone.call('+999000000401')
  assert.match(call.final?.headers.get('www-authenticate') ?? '', /^Digest realm="sandbox", nonce="/)
  assert.equal((await phone.call('+999000000999')).status, 404, 'there is no status 999')
  const { statuses, end, from } = await carrier.call('+999000000486', ({ state }) => state === 'ended')
  assert.deepEqual([statuses, end?.why, from], [[486], 'rejected', '+15551230000'])
})

test('a tech prefix before the number is passed over and shown, and the plus may be missing', async () => {
  const phone = await carrier.phone()
  assert.equal((await phone.call('0042999000000487')).status, 487)
  assert.equal((await carrier.call('+999000000487')).prefix, '0042')
})

test('a refusal says its Q.850 cause', async () => {
  const phone = await carrier.phone()
  const call = await phone.call('+999030000034')
  assert.deepEqual([call.status, call.final?.headers.get('reason')], [503, 'Q.850;cause=34'])
})

test('a number, and the registrar, ask for a password and take the right one', async (t) => {
  const { address, port } = carrier.running.sip
  const phone = async (password: string) => {
    const opened = await FakePhone.start({ server: `${address}:${port}`, user: 'sandbox', password })
    t.after(() => opened.close())
    return opened
  }
  const [right, wrong] = [await phone('sandbox'), await phone('guessed')]
  const call = await right.call('+999070000401')
  assert.equal(call.status, 200)
  await call.hangUp()
  assert.equal((await wrong.call('+999070000401')).status, 401)
  assert.equal((await wrong.register()).status, 401)
  assert.equal((await right.register({ expires: 60 })).status, 200)
  const { body } = await carrier.api('GET', '/registrations')
  assert.deepEqual(
    body.result.map(({ contact }: Json) => `<${contact}>`),
    [right.contact],
  )
  assert.equal((await right.register({ expires: 0 })).headers.has('contact'), false)
})

test('a number that never answers rings until the caller gives up', async () => {
  const phone = await carrier.phone()
  const call = await phone.call('+999000000180', {
    whileRinging: (ringing) =>
      void eventually('it rings', () => ringing.provisional.includes(180)).then(() => ringing.cancel()),
  })
  assert.deepEqual([call.provisional, call.status], [[180], 487])
  const { end } = await carrier.call('+999000000180', ({ state }) => state === 'ended')
  assert.deepEqual([end?.by, end?.why], ['remote', 'cancelled'])
})

test('a number answers after so many seconds, and one hangs up after so many', async () => {
  const phone = await carrier.phone()
  const [late, short] = await Promise.all([phone.call('+999010000001'), phone.call('+999020000001')])
  assert.deepEqual([late.status, late.provisional, short.status], [200, [180], 200])
  await eventually('it hangs up', () => short.bye)
  assert.equal(late.bye, undefined)
  await late.hangUp()
})

test('a vacant number sounds its special information tone before the answer, and then refuses', async () => {
  const phone = await carrier.phone()
  const call = await phone.call('+999040000480')
  assert.deepEqual([call.provisional, call.status], [[183], 480])
  const heard = call.sound.samples()
  for (const hz of [913.8, 1428.5, 1776.7])
    assert.ok(levelAt(heard.subarray(0, 8_800), hz) > 500, `${hz} Hz: ${levelAt(heard, hz)}`)
})

test('keys are pressed as telephone events, each once', async () => {
  const phone = await carrier.phone()
  const call = await phone.call('+999050000005')
  await eventually('all keys', () => call.sound.presses.length === 12)
  assert.equal(call.sound.presses.join(''), '123456789*0#')
  await call.hangUp()
})

test('an echo gives back what is said, and over a bad line a part of it, later', async () => {
  const phone = await carrier.phone()
  const [good, bad] = await Promise.all([phone.call('+999050000001'), phone.call('+999060500400')])
  await Promise.all([good.sound.sendTone(700, 60), bad.sound.sendTone(700, 60)])
  await eventually('the echo', () => levelAt(good.sound.samples(30), 700) > 3_000)
  await eventually('the echo over the bad line', () => bad.sound.heard.length > 20)
  const { sequence: first = 0 } = bad.sound.captured[0] ?? {}
  const { sequence: last = 0 } = bad.sound.captured.at(-1) ?? {}
  const lost = 1 - bad.sound.captured.length / (last - first + 1)
  assert.ok(lost > 0.25 && lost < 0.75, `${lost} lost`)
  await Promise.all([good.hangUp(), bad.hangUp()])
})

test('a number asks for another codec, and another one holds, by re-INVITE', async () => {
  const phone = await carrier.phone()
  const [codec, hold] = await Promise.all([phone.call('+999070000001'), phone.call('+999070000002')])
  const offered = await eventually('the codec', () => codec.requests.find(({ method }) => method === 'INVITE'))
  assert.match(offered.sdp?.toString() ?? '', /^m=audio \d+ RTP\/AVP 8 0/m)
  const held = await eventually('the hold', () => hold.requests.find(({ method }) => method === 'INVITE'))
  assert.match(held.sdp?.toString() ?? '', /^a=sendonly/m)
  await Promise.all([codec.hangUp(), hold.hangUp()])
})

test('a number that drops the call says no word any more', async () => {
  const phone = await carrier.phone()
  const call = await phone.call('+999080000001')
  await carrier.call('+999080000001', ({ state }) => state === 'ended')
  assert.equal(call.bye, undefined)
})

test('a script of your own: what a call hears is kept, with its keys and tones', async () => {
  const own = await TestCarrier.start(
    scriptOf(`{ "numbers": [{ "number": "+1555nnnn", "does": "a voicemail", "steps": [
      { "do": "answer" }, { "do": "play", "sound": "beep" }, { "do": "listen", "seconds": 10, "silence": 1 }, { "do": "hangup" }
    ] }] }`),
  )
  const phone = await own.phone()
  const call = await phone.call('+15550000')
  await eventually('the beep', () => levelAt(call.sound.samples(), 1_000) > 500)
  await call.sound.press('7')
  await call.sound.sendTone(440, 75)
  await eventually('silence ends the message', () => call.bye)
  const { id, digits, heard, steps } = await own.call('+15550000', ({ state, heard }) => state === 'ended' && !!heard)
  assert.deepEqual([digits, steps], ['7', ['answer', 'play', 'listen', 'hangup']])
  const [tone] = heard?.tones ?? []
  assert.ok(tone && Math.abs((tone.hz[0] ?? 0) - 440) < 5 && tone.seconds > 0.6, JSON.stringify(heard))
  const wav = await fetch(`${own.running.api}/calls/${id}/heard.wav`)
  assert.equal(wav.headers.get('content-type'), 'audio/wav')
  assert.equal(Buffer.from(await wav.arrayBuffer()).toString('latin1', 0, 4), 'RIFF')
})

test('a call to a number for sale goes back to the platform, with sound and keys both ways', async () => {
  const [phone, platform] = [await carrier.phone(), await carrier.platform()]
  platform.whenCalled((call) => call.ring())
  const calling = phone.call('+999123456789', { headers: ['X-Strowger-Hops: 2'] })
  const callee = await platform.called()
  assert.equal(callee.invite.uri.text, 'sip:+999123456789@pstn.strowger.test')
  assert.match(callee.invite.headers.get('p-asserted-identity') ?? '', /^<sip:\+15551230000@127\.0\.0\.3:\d+>$/)
  assert.equal(callee.invite.headers.get('max-forwards'), '69')
  assert.equal(callee.invite.headers.get('x-strowger-hops'), '2', 'headers that it does not know go on')
  callee.answer()
  const call = await calling
  assert.deepEqual([call.status, call.provisional], [200, [180]])
  await Promise.all([call.sound.sendTone(600, 50), callee.sound.sendTone(900, 50)])
  await eventually(
    'both hear each other',
    () => levelAt(callee.sound.samples(), 600) > 1_000 && levelAt(call.sound.samples(), 900) > 1_000,
  )
  await call.sound.press('4')
  await eventually('the key', () => callee.sound.presses.includes('4'))
  await callee.hangUp()
  await eventually('the caller hears of the end', () => call.bye)
  assert.equal((await carrier.call('+999123456789', ({ state }) => state === 'ended')).direction, 'through')
})

test('what the platform refuses, and who goes in circles, is refused', async () => {
  const [phone, platform] = [await carrier.phone(), await carrier.platform()]
  platform.whenCalled((call) => call.reject(486))
  assert.equal((await phone.call('+999200000001')).status, 486)
  assert.equal((await phone.call('+999200000001', { headers: ['Max-Forwards: 1'] })).status, 483)
})

test('who asks to be called back is called', async () => {
  const [phone, platform] = [await carrier.phone(), await carrier.platform()]
  assert.equal((await phone.call('+999090000001', { from: 'sip:+999111111111@example.com' })).status, 480)
  platform.whenCalled((call) => call.answer())
  const callee = await platform.called()
  assert.equal(callee.invite.uri.text, 'sip:+999111111111@pstn.strowger.test')
  assert.equal((await callee.hangUp()).status, 200)
})

test('the API calls the platform, says what became of it, and ends it', async () => {
  const platform = await carrier.platform()
  platform.whenCalled((call) => call.answer())
  const made = await carrier.api('POST', '/calls', {
    ...{ from: '+999000000200', to: '+999300000001' },
    steps: [
      { do: 'press', keys: '12' },
      { do: 'listen', seconds: 30 },
    ],
  })
  assert.equal(made.status, 201)
  const callee = await platform.called()
  await eventually('the keys', () => callee.sound.presses.join('') === '12')
  await callee.sound.press('9')
  await carrier.call('+999300000001', ({ digits }) => digits === '9')
  assert.equal((await carrier.api('DELETE', `/calls/${made.body.id}`)).status, 200)
  await callee.heard('BYE')
  const { state, statuses, direction } = (await carrier.api('GET', `/calls/${made.body.id}`)).body
  assert.deepEqual([state, statuses, direction], ['ended', [200], 'outgoing'])
})

test('the API refuses what it cannot do with a typed reason', async () => {
  const reasonOf = async (method: string, path: string, body?: object) =>
    (await carrier.api(method, path, body)).body.error.reason
  assert.equal(await reasonOf('POST', '/calls', { to: '12' }), 'INVALID_REQUEST')
  assert.equal(await reasonOf('POST', '/calls', { to: '+999300000001', steps: [{ do: 'ring' }] }), 'INVALID_REQUEST')
  assert.equal(await reasonOf('POST', '/calls', { to: '+999300000001', colour: 'red' }), 'INVALID_REQUEST')
  assert.equal(await reasonOf('POST', '/calls'), 'NOT_LOCAL')
  assert.equal(await reasonOf('GET', '/calls/none'), 'CALL_NOT_FOUND')
  assert.equal(await reasonOf('PUT', '/calls'), 'PATH_NOT_FOUND')
  const { id } = await carrier.call('+999000000486')
  assert.equal(await reasonOf('GET', `/calls/${id}/heard.wav`), 'NOTHING_HEARD')
  const alone = await TestCarrier.start()
  assert.equal((await alone.api('POST', '/calls', { to: '+999300000001' })).body.error.reason, 'NO_TRUNK')
  assert.equal((await alone.api('GET', '/numbers')).body.result.length > 20, true)
})
