import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { MediaEndpoint, MediaEvent, OpenEndpoint, WantedMedia } from '#telecom/media'
import { type IncomingInvite, type SipRequest, SipStack } from '#telecom/sip'
import { IncomingLine } from './incoming-line.ts'
import type { LineEvent } from './line-event.ts'
import { OutgoingLine } from './outgoing-line.ts'
import type { OutgoingLineOptions } from './outgoing-line-options.ts'
import { TestPhone, until } from './test-phone.ts'

/** An endpoint that notes what it is told, and says what a test wants it to have heard. */
interface Sound {
  wanted: WantedMedia[]
  presses: string[]
  closed: boolean
  on(event: MediaEvent): void
}

async function lines(t: TestContext) {
  const clock = new ManualClock()
  const ids = sequentialIds()
  const sounds = new Map<string, Sound>()
  const invites: IncomingInvite[] = []
  const sip = new SipStack({
    clock,
    ids,
    log: silentLog,
    node: 'n1',
    incarnation: 'i7',
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user: { invite: (invite) => invites.push(invite), request() {} },
  })
  await sip.start()
  const local = sip.listeners[0]?.local
  assert.ok(local)
  const phone = await TestPhone.open(local)
  t.after(async () => {
    await phone.close()
    await sip.stop()
    assert.equal(clock.pending, 0, 'no timer is left')
  })
  const media = {
    async open(options: OpenEndpoint): Promise<MediaEndpoint> {
      const sound: Sound = { wanted: [], presses: [], closed: false, on: options.on }
      sounds.set(options.id, sound)
      return {
        id: options.id,
        address: options.address ?? '127.0.0.1',
        port: 20_000 + 2 * sounds.size,
        worker: options.workerHint ?? 0,
        want: (wanted) => sound.wanted.push(wanted),
        press: (digit, durationMs) => sound.presses.push(`${digit} ${durationMs}`),
        statistics: () => Promise.reject(new Error('none')),
        close: async () => {
          sound.closed = true
        },
      }
    },
  }
  const needs = { clock, ids, log: silentLog, media, sip }
  const line = (options: Partial<OutgoingLineOptions> = {}) =>
    new OutgoingLine(
      {
        uri: `sip:bob@127.0.0.1:${phone.port}`,
        from: '<sip:alice@example.com>',
        via: { target: { address: '127.0.0.1', port: phone.port } },
        ...options,
      },
      needs,
    )
  const soundOf = (id: string): Sound => {
    const sound = sounds.get(id)
    assert.ok(sound)
    return sound
  }
  return { clock, phone, sip, needs, line, soundOf, invites }
}

type Test = Awaited<ReturnType<typeof lines>>

async function dialled(at: Test, options: Partial<OutgoingLineOptions> = {}) {
  const line = at.line(options)
  await line.open()
  const events: LineEvent[] = []
  line.listen((event) => events.push(event))
  line.dial()
  const invite = await at.phone.request('INVITE')
  const told = async <T extends LineEvent['type']>(type: T) => {
    await until(`${type} is told`, () => events.some((event) => event.type === type))
    return events.find((event): event is LineEvent & { type: T } => event.type === type)
  }
  const types = () => events.map(({ type }) => type)
  return { line, events, invite, told, types, sound: at.soundOf(line.id) }
}

async function talking(at: Test, description = sdp()) {
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: description })
  await at.phone.request('ACK')
  await leg.told('answered')
  return leg
}

/** A description of the phone's. */
function sdp(options: { port?: number; payloads?: string; lines?: string } = {}): string {
  const { port = 4_000, payloads = '0 101', lines: extra = '' } = options
  return `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP ${payloads}\r\n${payloads.includes('101') ? 'a=rtpmap:101 telephone-event/8000\r\n' : ''}${extra}`
}

interface Reply {
  tag?: string
  sdp?: string
  extra?: string[]
}

function reply(phone: TestPhone, request: SipRequest, status: number, options: Reply = {}) {
  const { tag = '', sdp: body = '', extra = [] } = options
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${request.headers.get(name)}`)
  const to = `to: ${request.headers.get('to')}${tag && request.toTag === '' ? `;tag=${tag}` : ''}`
  const type = body === '' ? [] : ['Content-Type: application/sdp']
  return phone.send(
    [
      `SIP/2.0 ${status} X`,
      ...lines,
      to,
      `Contact: <sip:bob@127.0.0.1:${phone.port}>`,
      ...type,
      ...extra,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  )
}

let branches = 0

function inDialog(at: Test, line: OutgoingLine, method: string, cseq: number, body = ''): string {
  const { dialog: state } = line
  return [
    `${method} ${state.local_contact} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bKo${++branches}`,
    'Max-Forwards: 70',
    `From: <${state.remote_uri}>;tag=${state.remote_tag}`,
    `To: <${state.local_uri}>;tag=${state.local_tag}`,
    `Call-ID: ${state.call_id}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:bob@127.0.0.1:${at.phone.port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

test('the identity is known before the INVITE leaves, which offers the codecs in the order asked for', async (t) => {
  const at = await lines(t)
  const line = at.line({ codecs: ['PCMA', 'PCMU'], workerHint: 3 })
  await line.open()
  assert.equal(line.dialog.remote_tag, '')
  assert.equal(line.worker, 3)
  assert.equal(at.sip.counters.requests_sent, 0)
  line.dial()
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.callId, line.dialog.call_id)
  assert.match(invite.sdp?.toString() ?? '', /m=audio 20002 RTP\/AVP 8 0 101/)
})

test('it rings once, is answered and hung up', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await reply(at.phone, leg.invite, 180, { tag: 'b2' })
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await at.phone.request('ACK')
  await leg.told('answered')
  assert.equal(leg.line.codec, 'PCMU')
  assert.equal(leg.line.dialog.remote_tag, 'b1')
  leg.line.hangup(16)
  const bye = await at.phone.request('BYE')
  assert.equal(bye.headers.get('reason'), 'Q.850;cause=16')
  await reply(at.phone, bye, 200)
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 16, why: 'bye' })
  assert.deepEqual(
    leg.types().filter((type) => type !== 'dialog_changed'),
    ['ringing', 'answered', 'ended'],
  )
  assert.ok(leg.sound.closed)
})

test('an 18x with a description is early media, and a 200 of its fork without one keeps it', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ port: 4_100 }) })
  await leg.told('early_media')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_100)
  assert.equal(leg.sound.wanted.at(-1)?.deadMediaMs, 0)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await reply(at.phone, leg.invite, 200, { tag: 'b1' })
  await leg.told('answered')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_100)
  assert.equal(leg.sound.wanted.at(-1)?.deadMediaMs, undefined)
  assert.ok(!leg.types().includes('ringing'))
})

test('the 200 of another fork than the early one brings its own answer', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ port: 4_100 }) })
  await reply(at.phone, leg.invite, 200, { tag: 'b2', sdp: sdp({ port: 4_200, payloads: '8' }) })
  await leg.told('answered')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_200)
  assert.equal(leg.line.codec, 'PCMA')
  assert.equal(leg.line.dialog.remote_tag, 'b2')
})

test('a description in an 18x that cannot be taken is passed over', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ payloads: '18' }) })
  await leg.told('ringing')
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await leg.told('answered')
})

for (const [what, early, final] of [
  ['no description at all', undefined, {}],
  ['no codec of ours', undefined, { sdp: sdp({ payloads: '18' }) }],
  ['a description of another fork only', 'b2', {}],
] as const)
  test(`an answer with ${what} is hung up with cause 58`, async (t) => {
    const at = await lines(t)
    const leg = await dialled(at)
    if (early) await reply(at.phone, leg.invite, 183, { tag: early, sdp: sdp() })
    await reply(at.phone, leg.invite, 200, { tag: 'b1', ...final })
    await at.phone.request('ACK')
    assert.equal((await at.phone.request('BYE')).headers.get('reason'), 'Q.850;cause=58')
    assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 58, why: 'no_media' })
  })

test('a refusal ends the leg with its status, and the cause that it names or else means', async (t) => {
  const at = await lines(t)
  const busy = await dialled(at)
  await reply(at.phone, busy.invite, 486, { tag: 'b1' })
  assert.deepEqual(await busy.told('ended'), { type: 'ended', by: 'remote', cause: 17, why: 'refused', status: 486 })
  const named = await dialled(at)
  await reply(at.phone, named.invite, 480, { tag: 'b1', extra: ['Reason: Q.850;cause=20'] })
  assert.deepEqual(await named.told('ended'), { type: 'ended', by: 'remote', cause: 20, why: 'refused', status: 480 })
})

test('a leg that nothing is heard of ends after 6 s with cause 18', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  at.clock.advance(6_000)
  assert.deepEqual(leg.events, [{ type: 'ended', by: 'remote', cause: 18, why: 'no_response' }])
})

test('hanging up before the answer cancels, and the leg ends with the final answer', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.line.hangup(26)
  const cancel = await at.phone.request('CANCEL')
  assert.equal(cancel.headers.get('reason'), 'Q.850;cause=26')
  assert.ok(!leg.line.ended)
  await reply(at.phone, cancel, 200)
  await reply(at.phone, leg.invite, 487, { tag: 'b1' })
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 26, why: 'cancelled' })
})

test('a 200 that crosses our hanging up is acknowledged and hung up', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.line.hangup(16)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await at.phone.request('ACK')
  await at.phone.request('BYE')
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 16, why: 'cancelled' })
  assert.ok(!leg.types().includes('answered'))
})

test('a leg whose ports are lost before the answer is cancelled', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.sound.on({ type: 'failed', issue: 'gone' })
  await at.phone.request('CANCEL')
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 41, why: 'no_media' })
})

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
  const recording = { recording_id: 'r1', in: '/r/in.wav', out: '/r/out.wav' }
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

test('a caller hears ringback as early media', async (t) => {
  const at = await lines(t)
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
    `Content-Length: ${sdp().length}`,
    '',
    sdp(),
  ].join('\r\n')
  await at.phone.send(invite)
  await until('it comes in', () => at.invites.length === 1)
  const [incoming] = at.invites
  assert.ok(incoming)
  const line = new IncomingLine(incoming, at.needs)
  await line.open()
  line.ringback()
  assert.match((await at.phone.response(183)).sdp?.toString() ?? '', /m=audio/)
  const { sending } = at.soundOf(line.id).wanted.at(-1) ?? {}
  assert.ok(sending?.kind === 'prompt' && sending.loop)
  assert.deepEqual(sending.parts[0], { tone: { hz: [425], durationMs: 1_000, level: -16 } })
  line.hangup(17)
  await at.phone.response(486)
})

test('a line that ends while its ports are taken gives them back', async (t) => {
  const at = await lines(t)
  const line = at.line()
  const opening = line.open()
  line.hangup(16)
  await opening
  assert.ok(line.ended)
  assert.ok(at.soundOf(line.id).closed)
})
