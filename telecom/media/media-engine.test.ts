import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { pcapRecords } from '#telecom/pcap'
import { writeRtpHeader } from '#telecom/rtp'
import { eventually, levelAt, sine, wavFile } from '#testkit'
import { codecs } from './codecs/index.ts'
import { MediaEngine, MediaError, type MediaEvent, type WantedMedia } from './index.ts'
import { PortPool } from './port-pool.ts'
import { freeRange, Phone } from './test-phone.ts'

let engine: MediaEngine
let folder: string
let cleanup: (() => Promise<void>)[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'media-'))
  engine = new MediaEngine({ log: silentLog, workers: 2, address: '127.0.0.1', ports: await freeRange(400) })
  await engine.start()
})

after(async () => {
  await engine.stop()
  await rm(folder, { recursive: true })
})

let opened = 0
async function line(changes: Partial<WantedMedia> = {}) {
  const phone = await Phone.open()
  const events: MediaEvent[] = []
  const endpoint = await engine.open({ id: `line-${opened++}`, on: (event) => events.push(event) })
  const wanted: WantedMedia = {
    remote: { address: '127.0.0.1', port: phone.port },
    codec: 'PCMU',
    payloadTypeSend: 0,
    payloadTypeReceive: 0,
    telephoneEventSend: 101,
    telephoneEventReceive: 101,
    ptimeMs: 20,
    direction: 'sendrecv',
    sending: { kind: 'silence' },
    ...changes,
  }
  cleanup.push(async () => {
    await endpoint.close()
    phone.socket.close()
  })
  const event = <T extends MediaEvent['type']>(type: T) =>
    eventually(`event ${type}`, () => events.find((seen): seen is MediaEvent & { type: T } => seen.type === type))
  return {
    phone,
    events,
    endpoint,
    event,
    want: (more: Partial<WantedMedia> = {}) => endpoint.want({ ...wanted, ...more }),
  }
}

async function done(): Promise<void> {
  for (const step of cleanup) await step()
  cleanup = []
}

function assertOneStream(phone: Phone): void {
  const first = phone.packets[0]?.header
  assert.ok(first)
  for (const [n, { header }] of phone.packets.entries()) {
    assert.equal(header.ssrc, first.ssrc)
    assert.equal(header.sequence, (first.sequence + n) & 0xffff)
    if (header.payloadType !== 101) assert.equal((header.timestamp - first.timestamp) % 160, 0)
  }
}

for (const codec of ['PCMU', 'PCMA'] as const) {
  test(`a 44.1 kHz stereo file of 440 Hz is heard as 440 Hz in ${codec}, in one stream with silence and echo around it`, async () => {
    const tone = sine([440], 600, 8_000, 44_100)
    const stereo = Int16Array.from({ length: tone.length * 2 }, (_, n) => tone[n >> 1] as number)
    const file = join(folder, `${codec}.wav`)
    await writeFile(file, wavFile(stereo, 44_100, 2))
    const { payloadType } = codecs[codec]
    const { phone, endpoint, event, want } = await line({
      codec,
      payloadTypeSend: payloadType,
      payloadTypeReceive: payloadType,
    })
    want()
    await eventually('silence', () => phone.packets.length >= 5)
    want({ sending: { kind: 'prompt', prompt_id: 'p', parts: [{ file }] } })
    const finished = await event('prompt_finished')
    assert.equal(finished.outcome, 'played')
    const played = phone.heard(codec)
    const start = played.findIndex((sample) => Math.abs(sample) > 2_000)
    const middle = played.subarray(start + 400, start + 4_400)
    assert.ok(Math.abs(levelAt(middle, 440) - 8_000) < 300, String(levelAt(middle, 440)))
    assert.ok(levelAt(middle, 880) < 100)

    want({ sending: { kind: 'echo' } })
    const from = phone.packets.length
    const spoken = new Int16Array(160)
    const octets = Buffer.alloc(160)
    const voice = sine([1_000], 2_000)
    for (let n = 0; n < 100 && phone.packets.length < from + 40; n++) {
      spoken.set(voice.subarray(n * 160, n * 160 + 160))
      codecs[codec].encode(spoken, 0, 160, octets, 0)
      phone.send(endpoint, Buffer.from(octets), payloadType)
      const packets = phone.packets.length
      await eventually('the next packet', () => phone.packets.length > packets)
    }
    assert.ok(levelAt(phone.heard(codec, from), 1_000) > 3_000, 'the echo is heard')
    assertOneStream(phone)
    const statistics = await endpoint.statistics()
    assert.ok(statistics.received.packets >= 30 && statistics.received.lost === 0)
    await done()
  })
}

test('a key pressed on the phone is one digit, although its packets come twice and out of order', async () => {
  const { phone, endpoint, events, event, want } = await line()
  want()
  const packet = (sequence: number, duration: number, end: boolean) => {
    const bytes = Buffer.alloc(16)
    writeRtpHeader(bytes, 101, sequence === 0, sequence, 8_000, 9)
    bytes.writeUInt8(5, 12)
    bytes.writeUInt8((end ? 0x80 : 0) | 10, 13)
    bytes.writeUInt16BE(duration, 14)
    return bytes
  }
  const sent = [
    packet(0, 160, false),
    packet(2, 480, false),
    packet(1, 320, false),
    packet(3, 640, true),
    packet(3, 640, true),
    packet(4, 640, true),
    packet(5, 640, true),
  ]
  for (const bytes of sent) phone.socket.send(bytes, endpoint.port, '127.0.0.1')
  assert.deepEqual(await event('digit'), { type: 'digit', digit: '5', durationMs: 80, method: 'telephone_event' })
  await eventually('all packets', async () => (await endpoint.statistics()).received.packets >= 6)
  assert.equal(events.filter(({ type }) => type === 'digit').length, 1)
  await done()
})

test('without telephone events keys are heard in the sound itself', async () => {
  const { phone, endpoint, event, want } = await line({ telephoneEventReceive: null, telephoneEventSend: null })
  want()
  await eventually('the stream', () => phone.packets.length > 0)
  const tone = sine([852, 1_336], 120, 6_000)
  const octets = Buffer.alloc(160, 0xff)
  for (let n = 0; n < 20; n++) {
    if (n < 6) codecs.PCMU.encode(tone, n * 160, 160, octets, 0)
    else octets.fill(0xff)
    phone.send(endpoint, Buffer.from(octets))
    const packets = phone.packets.length
    await eventually('the next packet', () => phone.packets.length > packets)
  }
  const { digit, method } = await event('digit')
  assert.deepEqual([digit, method], ['8', 'inband'])
  await done()
})

test('a file that cannot be read is left out and named, the rest is played', async () => {
  const { phone, event, want } = await line()
  const file = join(folder, 'broken.wav')
  await writeFile(file, 'RIFF this is nothing')
  const parts = [{ file: join(folder, 'missing.wav') }, { file }, { tone: { hz: [600], durationMs: 200 } }]
  want({ sending: { kind: 'prompt', prompt_id: 'p', parts } })
  const { outcome, unreadable } = await event('prompt_finished')
  assert.equal(outcome, 'unreadable')
  assert.deepEqual(
    unreadable.map((entry) => entry.file),
    [join(folder, 'missing.wav'), file],
  )
  assert.ok(phone.heard('PCMU').some((sample) => Math.abs(sample) > 2_000))
  await done()
})

test('garbage from the network ends nothing and is counted', async () => {
  const { phone, endpoint, want } = await line()
  want()
  for (let n = 0; n < 200; n++) {
    const garbage = Buffer.from(Array.from({ length: n }, (_, at) => (at * 31 + n * 17) & 0xff))
    phone.socket.send(garbage, endpoint.port + (n % 2), '127.0.0.1')
  }
  phone.send(endpoint, Buffer.alloc(160, 0xff))
  const dropped = await eventually('counters', async () => {
    const { dropped, received } = await endpoint.statistics()
    return received.packets > 0 && (dropped.malformed ?? 0) > 20 && dropped
  })
  assert.ok((dropped.rtcp_malformed ?? 0) + (dropped.rtcp_foreign ?? 0) > 0)
  await done()
})

test('a worker that crashes is started again: same ports, what was last wanted, each prompt finished once', async () => {
  const { phone, endpoint, events, event, want } = await line()
  const other = await line()
  const prompt = (prompt_id: string, durationMs: number) =>
    ({ kind: 'prompt', prompt_id, parts: [{ tone: { hz: [440], durationMs } }] }) as const
  want({ sending: prompt('short', 40) })
  await event('prompt_finished')
  other.want({ sending: prompt('long', 400) })
  await eventually('sound', () => phone.packets.length > 5 && other.phone.packets.length > 5)
  await engine.crashWorker(endpoint.worker)
  await engine.crashWorker(other.endpoint.worker)
  await event('restarted')
  const before = phone.packets.length
  await eventually('the stream again', () => phone.packets.length > before + 5)
  const { outcome } = await other.event('prompt_finished')
  assert.equal(outcome, 'played')
  assert.deepEqual(
    events.map(({ type }) => type).filter((type) => type !== 'media_sending'),
    ['prompt_finished', 'restarted'],
    'a finished prompt is not played again',
  )
  phone.send(endpoint, Buffer.alloc(160, 0xff))
  await event('media_started')
  await done()
})

test('closing says goodbye once: the prompt is stopped, statistics follow, the ports are free again', async () => {
  const { endpoint, events, want } = await line()
  const { endpoints, freePorts } = engine.load
  want({ sending: { kind: 'prompt', prompt_id: 'p', parts: [{ silenceMs: 60_000 }] } })
  await Promise.all([endpoint.close(), endpoint.close()])
  assert.deepEqual(
    events.map(({ type }) => type),
    ['prompt_finished', 'statistics'],
  )
  assert.deepEqual(engine.load, { endpoints: endpoints - 1, freePorts: freePorts + 1 })
  await assert.rejects(endpoint.statistics(), (error) => error instanceof MediaError && error.problem === 'closed')
  await done()
})

test('every datagram of an endpoint is captured, both ways, up to the size that was said', async () => {
  const { phone, endpoint, want, event } = await line()
  const target = { file: join(folder, 'whole.pcap'), maxBytes: 1_000_000 }
  want({ capture: target })
  phone.send(endpoint, Buffer.alloc(160, 0xff))
  await event('media_started')
  await eventually('sound', () => phone.packets.length > 5)
  await endpoint.close()
  const packets = await eventually('the capture', () => {
    const records = existsSync(target.file) ? pcapRecords(readFileSync(target.file)) : []
    return records.length > 5 ? records.map(({ record }) => record.subarray(16)) : undefined
  })
  const ports = packets.map((packet) => `${packet.readUInt16BE(20)}>${packet.readUInt16BE(22)}`)
  assert.ok(ports.includes(`${phone.port}>${endpoint.port}`) && ports.includes(`${endpoint.port}>${phone.port}`))

  const small = await line()
  const short = { file: join(folder, 'short.pcap'), maxBytes: 1_000 }
  small.want({ capture: short })
  await eventually('sound', () => small.phone.packets.length > 10)
  await small.endpoint.close()
  await eventually('the capture', () => existsSync(short.file) && pcapRecords(readFileSync(short.file)).length >= 3)
  assert.ok(statSync(short.file).size <= 1_000 + 24)
  await done()
})

test('what comes from strangers or is no sound gets a tenth of a capture, however much of it comes', async () => {
  const { phone, endpoint, want, event } = await line()
  const target = { file: join(folder, 'foreign.pcap'), maxBytes: 20_000 }
  want({ capture: target })
  phone.send(endpoint, Buffer.alloc(160, 0xff))
  await event('media_started')
  const stranger = await Phone.open()
  for (let n = 0; n < 100; n++) {
    stranger.socket.send(Buffer.alloc(400), endpoint.port, '127.0.0.1')
    stranger.socket.send(Buffer.alloc(400), endpoint.port + 1, '127.0.0.1')
  }
  const dropped = async () => (await endpoint.statistics()).dropped.malformed ?? 0
  await eventually('they came', async () => (await dropped()) >= 100)
  phone.send(endpoint, Buffer.alloc(160, 0xff))
  await eventually('sound', () => phone.packets.length > 5)
  await endpoint.close()
  stranger.socket.close()
  const from = (port: number) =>
    pcapRecords(readFileSync(target.file)).filter(({ record }) => record.readUInt16BE(16 + 20) === port).length
  await eventually('the capture', () => existsSync(target.file) && from(phone.port) >= 2)
  // of 16 + 28 + 400 bytes each, four find room in 2,000
  assert.equal(from(stranger.port), 4)
  await done()
})

test('a capture that cannot be written costs nobody anything', async () => {
  const { phone, want } = await line()
  want({ capture: { file: join(folder, 'not', 'there.pcap'), maxBytes: 1_000 } })
  await eventually('sound', () => phone.packets.length > 5)
  await done()
})

test('where peers are to live apart, a hint names the worker that is not taken', async () => {
  const apart = new MediaEngine({
    log: silentLog,
    workers: 2,
    placement: 'apart',
    address: '127.0.0.1',
    ports: await freeRange(8),
  })
  await apart.start()
  const on = () => {}
  try {
    const a = await apart.open({ id: 'a', on })
    const b = await apart.open({ id: 'b', on, workerHint: a.worker })
    const c = await apart.open({ id: 'c', on, workerHint: b.worker })
    assert.deepEqual([b.worker, c.worker], [1 - a.worker, a.worker])
  } finally {
    await apart.stop()
  }
})

test('endpoints are spread over workers, a hint is honoured, an id is used once, and full is said', async () => {
  const small = new MediaEngine({
    log: silentLog,
    workers: 2,
    address: '127.0.0.1',
    ports: await freeRange(6),
  })
  await small.start()
  const on = () => {}
  try {
    const a = await small.open({ id: 'a', on })
    const b = await small.open({ id: 'b', on })
    assert.notEqual(a.worker, b.worker)
    await assert.rejects(
      small.open({ id: 'a', on }),
      (error) => error instanceof MediaError && error.problem === 'duplicate_id',
    )
    const c = await small.open({ id: 'c', on, workerHint: a.worker })
    assert.equal(c.worker, a.worker)
    assert.deepEqual([a.port % 2, b.port % 2, c.port % 2], [0, 0, 0])
    await assert.rejects(
      small.open({ id: 'd', on }),
      (error) => error instanceof MediaError && error.problem === 'no_ports',
    )
    await a.close()
    const d = await small.open({ id: 'd', on })
    assert.equal(d.port, a.port)
  } finally {
    await small.stop()
  }
})

test('ports that another program uses are passed over', async () => {
  const taken = dgram.createSocket('udp4')
  const ports = await freeRange(6)
  taken.bind(ports.first + 3, '127.0.0.1')
  await once(taken, 'listening')
  const small = new MediaEngine({
    log: silentLog,
    workers: 1,
    address: '127.0.0.1',
    ports,
  })
  await small.start()
  try {
    const given = [await small.open({ id: 'a', on: () => {} }), await small.open({ id: 'b', on: () => {} })].map(
      ({ port }) => port,
    )
    assert.deepEqual(given.sort(), [ports.first, ports.first + 4])
  } finally {
    await small.stop()
    taken.close()
  }
})

test('ports come at random from the quarter that was free the longest', () => {
  const pool = new PortPool({ first: 20_000, last: 20_799 }, sequentialIds())
  assert.equal(pool.size, 400)
  const last = pool.take() as number
  pool.release(last)
  for (let n = 0; n < 250; n++) {
    const port = pool.take() as number
    assert.notEqual(port, last)
    pool.release(port)
  }
})
