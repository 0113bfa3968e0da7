import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IncomingLine } from './incoming-line.ts'
import { dialled, inDialog, lines, reply, sdp, type Test, talking } from './test-lines.ts'
import { until } from './test-phone.ts'

test('two lines that are bridged hear each other until one sounds something else', async (t) => {
  const at = await lines(t)
  const [a, b] = [await talking(at), await talking(at)]
  a.line.bridge(b.line)
  b.line.bridge(a.line)
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: b.line.id })
  assert.deepEqual(b.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: a.line.id })
  b.line.music()
  const { sending } = b.sound.wanted.at(-1) ?? {}
  assert.ok(sending?.kind === 'prompt' && sending.loop)
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'silence' })
  a.line.bridge(b.line)
  b.line.bridge(a.line)
  assert.equal(a.sound.wanted.at(-1)?.sending.kind, 'bridge')
  await at.phone.send(inDialog(at, b.line, 'BYE', 1))
  await b.told('ended')
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'silence' })
  assert.ok(!b.types().includes('played'), 'nobody hears of the end of music')
})

test('keys go over a bridge once per press, and by sound only where that is the only way', async (t) => {
  const at = await lines(t)
  const [a, b, old] = [await talking(at), await talking(at), await talking(at, sdp({ payloads: '0' }))]
  a.line.bridge(b.line)
  b.line.bridge(a.line)
  a.sound.on({ type: 'digit', digit: '5', durationMs: 120, method: 'telephone_event' })
  a.sound.on({ type: 'digit', digit: '5', durationMs: 100, method: 'inband' })
  assert.deepEqual(b.sound.presses, ['5 120'])
  assert.deepEqual(a.sound.presses, [])
  a.line.bridge(old.line)
  old.line.bridge(a.line)
  a.sound.on({ type: 'digit', digit: '6', durationMs: 100, method: 'inband' })
  a.sound.on({ type: 'digit', digit: '7', durationMs: 100, method: 'telephone_event' })
  old.sound.on({ type: 'digit', digit: '8', durationMs: 100, method: 'inband' })
  assert.deepEqual(old.sound.presses, ['7 100'])
  assert.deepEqual(a.sound.presses, ['8 100'])
  assert.deepEqual(b.sound.presses, ['5 120'], 'a line that left hears no keys any more')
})

test('hold and another codec of the phone leave the bridge', async (t) => {
  const at = await lines(t)
  const [a, b] = [await talking(at), await talking(at)]
  a.line.bridge(b.line)
  await at.phone.send(inDialog(at, a.line, 'INVITE', 1, sdp({ lines: 'a=sendonly\r\n' })))
  await at.phone.response(200)
  await a.told('held')
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: b.line.id })
  await at.phone.send(inDialog(at, a.line, 'ACK', 1))
  await at.phone.send(inDialog(at, a.line, 'INVITE', 2, sdp({ payloads: '8 101' })))
  await a.told('resumed')
  assert.equal(a.line.codec, 'PCMA')
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: b.line.id })
})

test('a line that is bridged before it can be heard begins with its answer', async (t) => {
  const at = await lines(t)
  const a = await talking(at)
  const leg = await dialled(at)
  leg.line.bridge(a.line)
  assert.equal(leg.sound.wanted.length, 0)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await leg.told('answered')
  assert.deepEqual(leg.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: a.line.id })
})

test('a recording runs beside whatever sounds; its end is told even after the leg is gone', async (t) => {
  const at = await lines(t)
  const { line, sound, events, told } = await talking(at)
  const recording = { recording_id: 'r1', in: '/r/in.wav', out: '/r/out.wav', endOfSilenceMs: 10_000 }
  line.record(recording)
  assert.deepEqual(sound.wanted.at(-1)?.recording, recording)
  line.play('p1', [{ silenceMs: 10 }])
  assert.deepEqual(sound.wanted.at(-1)?.recording, recording)
  line.stopRecording()
  assert.equal(sound.wanted.at(-1)?.recording, undefined)
  line.record({ ...recording, recording_id: 'r2' })
  await at.phone.send(inDialog(at, line, 'BYE', 1))
  await told('ended')
  sound.on({ type: 'recording_ended', recording_id: 'r2', duration_ms: 5, complete: true })
  assert.equal(events.at(-1)?.type, 'recording_ended')
})

/** A caller with this offer, let in. */
async function calling(at: Test, offer = sdp()): Promise<IncomingLine> {
  const invite = [
    'INVITE sip:bob@example.com SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bKincoming`,
    'Max-Forwards: 70',
    'From: <sip:alice@example.com>;tag=a1',
    'To: <sip:bob@example.com>',
    'Call-ID: incoming',
    'CSeq: 1 INVITE',
    `Contact: <sip:alice@127.0.0.1:${at.phone.port}>`,
    'Content-Type: application/sdp',
    `Content-Length: ${offer.length}`,
    '',
    offer,
  ].join('\r\n')
  await at.phone.send(invite)
  await until('it comes in', () => at.invites.length === 1)
  const [incoming] = at.invites
  assert.ok(incoming)
  const line = new IncomingLine(incoming, at.needs)
  await line.open()
  return line
}

test('a caller who holds by the first offer already is told of as held once answered', async (t) => {
  const at = await lines(t)
  const line = await calling(at, sdp({ lines: 'a=sendonly\r\n' }))
  const types: string[] = []
  line.listen(({ type }) => types.push(type))
  assert.ok(line.answer())
  await at.phone.response(200)
  await until('it is told', () => types.includes('held'))
  assert.deepEqual(types, ['answered', 'held'])
})

test('a caller hears ringback as early media', async (t) => {
  const at = await lines(t)
  const line = await calling(at)
  line.ringback()
  assert.match((await at.phone.response(183)).sdp?.toString() ?? '', /m=audio/)
  const { sending } = at.soundOf(line.id).wanted.at(-1) ?? {}
  assert.ok(sending?.kind === 'prompt' && sending.loop)
  assert.deepEqual(sending.parts[0], { tone: { hz: [425], durationMs: 1_000, level: -16 } })
  line.hangup(17)
  await at.phone.response(486)
})

test('keys that a phone sends by INFO are pressed at the other end, once', async (t) => {
  const at = await lines(t)
  const [a, b] = [await talking(at), await talking(at)]
  a.line.bridge(b.line)
  b.line.bridge(a.line)
  const info = inDialog(at, a.line, 'INFO', 1, 'Signal=9\r\nDuration=160\r\n')
  await at.phone.send(info.replace('application/sdp', 'application/dtmf-relay'))
  await at.phone.response(200)
  a.sound.on({ type: 'digit', digit: '9', durationMs: 160, method: 'telephone_event' })
  assert.deepEqual(b.sound.presses, ['9 160'])
  assert.deepEqual(await a.told('digit'), { type: 'digit', digit: '9', durationMs: 160, method: 'info' })
})

test('no line of a conversation ever sounds one that is over or has turned to another, whatever is said', async (t) => {
  const at = await lines(t)
  const legs = [await talking(at), await talking(at), await talking(at)]
  const index = fc.nat({ max: legs.length - 1 })
  const saying = fc.oneof(
    fc.tuple(fc.constant('bridge' as const), index, index),
    fc.tuple(fc.constantFrom('music' as const, 'echo' as const, 'silence' as const), index, index),
  )
  const hears = (leg: (typeof legs)[number], id: string): boolean => {
    const sending = leg.sound.wanted.at(-1)?.sending
    return sending?.kind === 'bridge' && sending.peer === id
  }
  fc.assert(
    fc.property(fc.array(saying, { maxLength: 20 }), (sayings) => {
      for (const [what, mine, other] of sayings) {
        const [me, peer] = [legs[mine], legs[other]]
        assert.ok(me && peer)
        if (what !== 'bridge') me.line[what]()
        else if (me !== peer) me.line.bridge(peer.line)
        else continue
        for (const leg of legs) {
          if (leg === me || (what === 'bridge' && leg === peer)) continue
          assert.ok(!hears(leg, me.line.id), 'it has turned to another')
        }
        for (const leg of legs) leg.sound.presses.length = 0
        me.sound.on({ type: 'digit', digit: '1', durationMs: 100, method: 'telephone_event' })
        for (const leg of legs) {
          assert.equal(leg.sound.presses.length, hears(leg, me.line.id) ? 1 : 0, 'a key goes where the sound goes')
        }
      }
    }),
  )
  for (const leg of legs) {
    await at.phone.send(inDialog(at, leg.line, 'BYE', 1))
    await leg.told('ended')
    for (const one of legs) assert.ok(one.line.ended || !hears(one, leg.line.id), 'it is over')
  }
})
