import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { type Clock, ManualClock } from '#platform/time'
import { emptyRtpHeader, middleNtp, parseRtcp, parseRtp, writeRtcp, writeRtpHeader } from '#telecom/rtp'
import { codecs } from '../codecs/index.ts'
import type { MediaEvent } from '../media-event.ts'
import { SoundLibrary } from '../prompt/sound-library.ts'
import type { WantedMedia } from '../wanted-media.ts'
import { Endpoint } from './endpoint.ts'
import { TickWheel } from './tick-wheel.ts'

const PHONE = '198.51.100.9'
const WANTED: WantedMedia = {
  remote: { address: PHONE, port: 4_000 },
  codec: 'PCMU',
  payloadTypeSend: 0,
  payloadTypeReceive: 0,
  telephoneEventSend: 101,
  telephoneEventReceive: 101,
  ptimeMs: 20,
  direction: 'sendrecv',
  sending: { kind: 'silence' },
}

/** One endpoint on a clock turned by hand, with everything that it sends and says. */
function testEndpoint() {
  const clock = new ManualClock()
  const events: MediaEvent[] = []
  const began: MediaEvent[] = []
  const sent: { packet: Buffer; address: string; port: number; atMs: number }[] = []
  const reports: { packet: Buffer; address: string; port: number }[] = []
  const keep = (packet: Buffer, bytes: number) => Buffer.from(packet.subarray(0, bytes))
  const endpoint = new Endpoint({
    id: 'one',
    clock,
    ids: sequentialIds(1_000),
    library: new SoundLibrary(),
    align: (earliestMs) => earliestMs,
    on: (event) => (event.type === 'media_sending' ? began.push(event) : events.push(event)),
    wire: {
      rtp: (packet, bytes, address, port) =>
        sent.push({ packet: keep(packet, bytes), address, port, atMs: clock.monotonicMs() }),
      rtcp: (packet, bytes, address, port) => reports.push({ packet: keep(packet, bytes), address, port }),
    },
  })
  const wheel = new TickWheel(clock)
  let version = 0
  let sequence = 0
  return {
    clock,
    endpoint,
    events,
    began,
    sent,
    reports,
    want(changes: Partial<WantedMedia> = {}) {
      wheel.remove(endpoint)
      endpoint.want({ ...WANTED, ...changes, id: 'one', version: ++version })
      wheel.add(endpoint)
    },
    /** One packet of 20 ms from the phone. */
    hear(options: { address?: string; port?: number; ssrc?: number; payloadType?: number; payload?: Buffer } = {}) {
      const payload = options.payload ?? Buffer.alloc(160, 0xff)
      const packet = Buffer.concat([Buffer.alloc(12), payload])
      writeRtpHeader(packet, options.payloadType ?? 0, false, sequence, sequence * 160, options.ssrc ?? 77)
      sequence = (sequence + 1) & 0xffff
      endpoint.receiveRtp(packet, options.address ?? PHONE, options.port ?? 4_000)
    },
    headers: () =>
      sent.map(({ packet }) => {
        const header = emptyRtpHeader()
        assert.ok(parseRtp(packet, header))
        return header
      }),
    types: () => events.map(({ type }) => type),
  }
}

/** One SSRC, sequence numbers without a gap, and timestamps that say when it was sent. */
function assertOneStream(line: ReturnType<typeof testEndpoint>): void {
  const headers = line.headers()
  const first = headers[0]
  assert.ok(first)
  headers.forEach((header, n) => {
    assert.equal(header.ssrc, first.ssrc)
    assert.equal(header.sequence, (first.sequence + n) & 0xffff)
  })
}

test('the stream never pauses: silence is sent while there is nothing else, one packet every 20 ms', () => {
  const line = testEndpoint()
  line.want()
  line.clock.advance(1_000)
  assert.equal(line.sent.length, 51)
  assertOneStream(line)
  assert.ok(line.sent.every(({ packet }) => packet.subarray(12).every((octet) => octet === 0xff)))
  const headers = line.headers()
  for (const [n, header] of headers.entries()) {
    assert.equal(header.timestamp, ((headers[0]?.timestamp ?? 0) + n * 160) >>> 0)
  }
})

test('packets carry as much sound as was negotiated, 10 to 60 ms', () => {
  for (const ptimeMs of [10, 20, 30, 40, 50, 60]) {
    const line = testEndpoint()
    line.want({ ptimeMs })
    line.clock.advance(600)
    assert.ok(
      line.sent.every(({ packet }) => packet.length === 12 + ptimeMs * 8),
      `${ptimeMs}`,
    )
    assert.ok(Math.abs(line.sent.length - 600 / ptimeMs) <= 2, `${ptimeMs}: ${line.sent.length}`)
    const gaps = line.sent.slice(1).map(({ atMs }, n) => atMs - (line.sent[n]?.atMs ?? 0))
    assert.ok(gaps.every((gap) => gap <= 60))
    assertOneStream(line)
  }
})

test('hold and resume: nothing is sent meanwhile, then the same stream goes on with the time that has passed', () => {
  const line = testEndpoint()
  line.want()
  line.clock.advance(1_000)
  const before = line.sent.length
  line.want({ direction: 'recvonly', remote: null, sdpVersion: 2 })
  line.clock.advance(5_000)
  assert.equal(line.sent.length, before)
  line.want({ sdpVersion: 3 })
  line.clock.advance(1_000)
  assertOneStream(line)
  const headers = line.headers()
  const last = headers[before - 1]
  const resumed = headers[before]
  assert.ok(last && resumed?.marker)
  const pausedMs = (line.sent[before]?.atMs ?? 0) - (line.sent[before - 1]?.atMs ?? 0)
  assert.ok(Math.abs((resumed.timestamp - last.timestamp) / 8 - pausedMs) <= 20)
})

test('a change of codec changes the payload, not the stream', () => {
  const line = testEndpoint()
  line.want()
  line.clock.advance(200)
  line.want({ codec: 'PCMA', payloadTypeSend: 8, payloadTypeReceive: 8 })
  line.clock.advance(200)
  assertOneStream(line)
  assert.deepEqual([...new Set(line.headers().map(({ payloadType }) => payloadType))], [0, 8])
  assert.equal(line.sent.at(-1)?.packet.at(-1), 0xd5)
})

test('a worker that stalls for half a second gives the time up instead of sending a burst', () => {
  let nowMs = 0
  let due: (() => void) | undefined
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      wakeMs = nowMs + delayMs
      due = run
      return { cancel: () => {} }
    },
  }
  let wakeMs = 0
  const ticks: { atMs: number; missed: number }[] = []
  new TickWheel(clock).add({ tickMs: 20, tick: (missed) => ticks.push({ atMs: nowMs, missed }) })
  const turn = (lateMs: number) => {
    nowMs = wakeMs + lateMs
    due?.()
  }
  for (let n = 0; n < 10; n++) turn(1)
  turn(500)
  for (let n = 0; n < 10; n++) turn(1)
  const burst = ticks.filter(({ atMs }, n) => atMs === ticks[n - 1]?.atMs).length
  assert.ok(burst <= 1, `${burst} ticks at once`)
  const time = ticks.reduce((sum, { missed }) => sum + 1 + missed, 0) * 20
  assert.ok(Math.abs(time - nowMs) <= 40, `${time} ms of ticks in ${nowMs} ms`)
})

test('digits are sent as RFC 4733 events inside the stream, and the prompt is finished when they are', () => {
  const line = testEndpoint()
  line.want({ sending: { kind: 'prompt', prompt_id: 'p', parts: [{ digits: '5#', durationMs: 100, gapMs: 80 }] } })
  line.clock.advance(600)
  assertOneStream(line)
  const events = line.headers().flatMap((header, n) => (header.payloadType === 101 ? [{ header, n }] : []))
  assert.equal(new Set(events.map(({ header }) => header.timestamp)).size, 2, 'each digit has one timestamp')
  const ends = events.filter(({ n }) => ((line.sent[n]?.packet[13] ?? 0) & 0x80) !== 0)
  assert.equal(ends.length, 6)
  assert.deepEqual([...new Set(events.map(({ n }) => line.sent[n]?.packet[12]))], [5, 11])
  assert.deepEqual(line.events, [{ type: 'prompt_finished', prompt_id: 'p', outcome: 'played', unreadable: [] }])
})

test('where the other side takes no events, digits are tones', () => {
  const line = testEndpoint()
  line.want({
    telephoneEventSend: null,
    sending: { kind: 'prompt', prompt_id: 'p', parts: [{ digits: '5', durationMs: 100, gapMs: 0 }] },
  })
  line.clock.advance(80)
  const samples = new Int16Array(160)
  codecs.PCMU.decode(line.sent[2]?.packet ?? Buffer.alloc(172), 12, 160, samples)
  assert.ok(samples.some((sample) => Math.abs(sample) > 10_000))
  assert.ok(line.headers().every(({ payloadType }) => payloadType === 0))
})

test('wanting the same prompt again changes nothing; another one stops it; each is finished exactly once', () => {
  const line = testEndpoint()
  const prompt = (prompt_id: string) =>
    ({ kind: 'prompt', prompt_id, parts: [{ tone: { hz: [440], durationMs: 500 } }] }) as const
  line.want({ sending: prompt('a') })
  line.clock.advance(200)
  line.want({ sending: prompt('a'), direction: 'recvonly' })
  line.clock.advance(200)
  line.want({ sending: prompt('b') })
  line.clock.advance(1_000)
  line.want({ sending: prompt('b') })
  line.clock.advance(1_000)
  line.want({ sending: prompt('c') })
  line.endpoint.close()
  const finished = line.events.flatMap((event) =>
    event.type === 'prompt_finished' ? [`${event.prompt_id} ${event.outcome}`] : [],
  )
  assert.deepEqual(finished, ['a stopped', 'b played', 'c stopped'])
})

test('an older version of what is wanted never replaces a newer one', () => {
  const line = testEndpoint()
  line.endpoint.want({ ...WANTED, id: 'one', version: 5, direction: 'inactive' })
  line.endpoint.want({ ...WANTED, id: 'one', version: 4 })
  line.endpoint.tick(0)
  assert.equal(line.sent.length, 0)
})

test('a prompt in a loop goes on until something else is wanted, and one in which nothing sounds ends', async () => {
  const line = testEndpoint()
  line.want({
    sending: { kind: 'prompt', prompt_id: 'p', parts: [{ tone: { hz: [400], durationMs: 100 } }], loop: true },
  })
  line.clock.advance(5_000)
  assert.equal(line.events.length, 0)
  line.want({ sending: { kind: 'prompt', prompt_id: 'q', parts: [{ file: '/nowhere.wav' }], loop: true } })
  await new Promise((resolve) => setImmediate(resolve))
  for (let n = 0; n < 20 && line.events.length < 2; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    line.clock.advance(20)
  }
  assert.deepEqual(
    line.events.map((event) => (event.type === 'prompt_finished' ? event.outcome : event.type)),
    ['stopped', 'unreadable'],
  )
})

test('sixty seconds without a packet are reported once while talking, not before an hour while held', () => {
  const line = testEndpoint()
  line.want()
  line.hear()
  line.clock.advance(59_900)
  assert.deepEqual(line.types(), ['media_started'])
  line.clock.advance(200)
  assert.deepEqual(line.types(), ['media_started', 'media_lost'])
  line.clock.advance(120_000)
  line.hear()
  assert.deepEqual(line.types(), ['media_started', 'media_lost', 'media_resumed'])
  line.want({ direction: 'recvonly' })
  line.clock.advance(3_599_000)
  assert.equal(line.types().length, 3)
  line.clock.advance(2_000)
  assert.equal(line.types().at(-1), 'media_lost')
})

test('before the call is answered silence is not missed, and the watch begins with the answer', () => {
  const line = testEndpoint()
  line.want({ deadMediaMs: 0 })
  line.clock.advance(100_000)
  line.want()
  line.clock.advance(59_000)
  assert.deepEqual(line.types(), [])
  line.clock.advance(2_000)
  assert.deepEqual(line.types(), ['media_lost'])
})

test('sound goes back to where it comes from: a phone behind a NAT is heard and answered', () => {
  const line = testEndpoint()
  line.want({ remote: { address: '10.0.0.5', port: 4_000 } })
  line.clock.advance(100)
  assert.equal(line.sent.at(-1)?.address, '10.0.0.5')
  line.hear({ address: '203.0.113.5', port: 31_000 })
  line.clock.advance(100)
  assert.deepEqual([line.sent.at(-1)?.address, line.sent.at(-1)?.port], ['203.0.113.5', 31_000])
})

test('an attacker who guesses the port neither hears nor is heard, and is counted', () => {
  const line = testEndpoint()
  line.want()
  for (let n = 0; n < 250; n++) {
    line.hear()
    line.clock.advance(20)
  }
  for (let n = 0; n < 10; n++) line.hear({ address: '192.0.2.66', port: 5, ssrc: 1 })
  line.clock.advance(100)
  assert.equal(line.sent.at(-1)?.address, PHONE)
  assert.equal(line.endpoint.statistics().dropped.foreign_source, 10)
  assert.equal(line.endpoint.statistics().received.packets, 250)
})

test('the first packet each way is told once, and so is each change of where it comes from', () => {
  const line = testEndpoint()
  line.want()
  line.hear()
  line.clock.advance(100)
  line.hear()
  line.clock.advance(5_000)
  line.hear({ port: 4_444 })
  line.clock.advance(100)
  assert.equal(line.began.length, 1)
  assert.deepEqual(
    line.events.filter(({ type }) => type.startsWith('media_')),
    [
      { type: 'media_started', address: PHONE, port: 4_000 },
      { type: 'media_moved', address: PHONE, port: 4_444 },
    ],
  )
  assert.deepEqual(line.endpoint.statistics().rtcp.sent.packets, line.reports.length)
})

test('echo gives back what is heard, later than the jitter buffer and unchanged', () => {
  const line = testEndpoint()
  line.want({ sending: { kind: 'echo' } })
  const spoken = Buffer.from(Uint8Array.from({ length: 160 }, (_, n) => n))
  for (let n = 0; n < 20; n++) {
    line.hear({ payload: spoken })
    line.clock.advance(20)
  }
  const echoed = line.sent.filter(({ packet }) =>
    packet.subarray(12).equals(Buffer.from(spoken.map((octet) => (octet === 0x7f ? 0xff : octet)))),
  )
  assert.ok(echoed.length >= 16, String(echoed.length))
  assertOneStream(line)
})

test('a key is heard under the number that either side named for it, and malformed packets are only counted', () => {
  const line = testEndpoint()
  line.want({ telephoneEventSend: 96, telephoneEventReceive: 101 })
  const key = (code: number) => Buffer.from([code, 0x8a, 3, 0x20])
  line.hear({ payloadType: 101, payload: key(1) })
  line.hear({ payloadType: 96, payload: key(2) })
  line.hear({ payloadType: 50 })
  line.endpoint.receiveRtp(Buffer.from('garbage'), PHONE, 4_000)
  line.endpoint.receiveRtcp(Buffer.from('garbage'), PHONE, 4_001)
  const digits = line.events.flatMap((event) => (event.type === 'digit' ? [`${event.digit} ${event.durationMs}`] : []))
  assert.deepEqual(digits, ['1 100', '2 100'])
  assert.deepEqual(line.endpoint.statistics().dropped, { payload_type: 1, malformed: 1, rtcp_malformed: 1 })
})

test('RTCP goes out about every five seconds, with what was sent and received, and BYE at the end (RFC 3550 §6)', () => {
  const line = testEndpoint()
  line.want()
  for (let n = 0; n < 1_500; n++) {
    line.hear()
    line.clock.advance(20)
  }
  assert.ok(line.reports.length >= 4 && line.reports.length <= 12, String(line.reports.length))
  const report = parseRtcp(line.reports.at(-1)?.packet ?? Buffer.alloc(0))
  assert.equal(report?.ssrc, line.headers()[0]?.ssrc)
  assert.equal(report?.blocks[0]?.ssrc, 77)
  assert.equal(line.reports[0]?.port, 4_001)
  line.endpoint.close()
  assert.equal(parseRtcp(line.reports.at(-1)?.packet ?? Buffer.alloc(0))?.bye, true)
})

test("the other side's report gives the round trip and what it hears of us; a stranger's does not", () => {
  const line = testEndpoint()
  line.want()
  line.hear()
  line.clock.advance(1_000)
  const packet = Buffer.alloc(512)
  const bytes = writeRtcp(packet, {
    ssrc: 77,
    cname: 'phone',
    sender: undefined,
    bye: false,
    block: {
      ssrc: line.headers()[0]?.ssrc ?? 0,
      fractionLost: 64,
      cumulativeLost: 3,
      highestSequence: 1,
      jitter: 80,
      lastSenderReport: middleNtp(line.clock.wallMs() - 150),
      delaySinceLastSenderReport: Math.round(0.05 * 65_536),
    },
  })
  line.endpoint.receiveRtcp(packet.subarray(0, bytes), '192.0.2.66', 4_001)
  assert.equal(line.endpoint.statistics().remote, null)
  line.endpoint.receiveRtcp(packet.subarray(0, bytes), PHONE, 4_001)
  const { remote, roundTripMs } = line.endpoint.statistics()
  assert.deepEqual(remote, { loss: 0.25, jitterMs: 10 })
  assert.ok(roundTripMs !== null && Math.abs(roundTripMs - 100) < 1, String(roundTripMs))
})

test('who speaks on after the answer is told to be a machine, once; who says hello and waits is a person', () => {
  for (const [seconds, status] of [
    [6, 'MACHINE'],
    [0.6, 'HUMAN'],
  ] as const) {
    const line = testEndpoint()
    line.want()
    line.endpoint.detect()
    const voice = Int16Array.from({ length: 160 }, (_, i) => 8_000 * Math.sin(i) * Math.cos(i / 3))
    const loud = Buffer.alloc(160)
    codecs.PCMU.encode(voice, 0, 160, loud, 0)
    for (let packet = 0; packet < 350; packet++) {
      line.hear({ payload: packet >= 25 && packet < 25 + seconds * 50 ? loud : Buffer.alloc(160, 0xff) })
      line.clock.advance(20)
    }
    const told = line.events.filter((event) => event.type === 'answered_by')
    assert.deepEqual(
      told.map((event) => event.status),
      [status],
    )
  }
})
