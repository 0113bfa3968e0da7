import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '#platform/time'
import { eventually, levelAt, sine } from '#testkit'
import { codecs } from '../codecs/index.ts'
import type { StreamTarget } from '../wanted-media.ts'
import { assertOneStream, soundOf, type TestLine, TestWorker } from '../worker/test-line.ts'
import { AudioSocketKind, AudioSocketReader, audioSocketMessage, uuidOfBytes } from './audio-socket.ts'
import { SpokenQueue } from './spoken-queue.ts'
import { StreamLink } from './stream-link.ts'

const STREAM_ID = '0b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const [CALLER_HZ, CALLEE_HZ, PROGRAM_HZ] = [440, 700, 1_100]

/** A program that is connected to, and keeps what it is told. */
async function program(t: TestContext) {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const sockets: net.Socket[] = []
  const told: { kind: number; payload: Buffer }[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    t.after(() => socket.destroy())
    const reader = new AudioSocketReader((kind, payload) => told.push({ kind, payload: Buffer.from(payload) }))
    socket.on('data', (chunk) => reader.push(chunk))
    socket.on('error', () => {})
  })
  const { port } = server.address() as net.AddressInfo
  const target: StreamTarget = { stream_id: STREAM_ID, address: '127.0.0.1', port, listen: 'both', speak: true }
  const samples = () => {
    const octets = Buffer.concat(
      told.filter(({ kind }) => kind === AudioSocketKind.audio).map(({ payload }) => payload),
    )
    return Int16Array.from({ length: octets.length / 2 }, (_, n) => octets.readInt16LE(n * 2))
  }
  const say = (sound: Int16Array) => {
    for (let at = 0; at < sound.length; at += 160) {
      const payload = Buffer.alloc(Math.min(160, sound.length - at) * 2)
      for (let i = 0; i * 2 < payload.length; i++) payload.writeInt16LE(sound[at + i] as number, i * 2)
      sockets[0]?.write(audioSocketMessage(AudioSocketKind.audio, payload))
    }
  }
  return { target, told, sockets, samples, say }
}

/** Two lines that talk, each humming its tone. */
function conversation() {
  const worker = new TestWorker()
  const [a, b] = [worker.line('a'), worker.line('b')]
  for (const line of [a, b]) line.want()
  a.bridge(b)
  b.bridge(a)
  const tones = [sine([CALLER_HZ], 60_000, 5_000), sine([CALLEE_HZ], 60_000, 5_000)]
  let at = 0
  const talk = async (ms: number) => {
    const from = a.sent.length
    for (const end = at + ms * 8; at < end; at += 160) {
      for (const [n, line] of [a, b].entries()) {
        const payload = Buffer.alloc(160)
        codecs.PCMU.encode(tones[n] as Int16Array, at, 160, payload, 0)
        line.say({ payload })
      }
      worker.clock.advance(20)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return soundOf(a.sent.slice(from))
  }
  return { worker, a, b, talk }
}

const typesOf = (line: TestLine) => line.events.map(({ type }) => type)
const connected = (line: TestLine) => eventually('the program is there', () => typesOf(line).includes('stream_started'))
const latest = (samples: Int16Array) => samples.subarray(-4_000)

test('a program hears both sides of a conversation and is heard by the party alone; then it is relayed again', async (t) => {
  const { target, told, samples, say } = await program(t)
  const { a, b, talk } = conversation()
  await talk(400)
  a.want({ streams: [target] })
  await connected(a)
  await talk(1_000)
  assert.equal(uuidOfBytes(told[0]?.payload ?? Buffer.alloc(0)), STREAM_ID, 'it is told first which stream this is')
  await eventually('it hears', () => samples().length > 6_000)
  assert.ok(levelAt(latest(samples()), CALLER_HZ) > 3_000)
  assert.ok(levelAt(latest(samples()), CALLEE_HZ) > 3_000)
  const before = b.sent.length
  say(sine([PROGRAM_HZ], 1_000, 5_000))
  const heard = await talk(800)
  assert.ok(levelAt(latest(heard), PROGRAM_HZ) > 2_000, 'the party hears the program')
  assert.ok(levelAt(latest(heard), CALLEE_HZ) > 3_000, 'and the other side')
  assert.ok(levelAt(soundOf(b.sent.slice(before)), PROGRAM_HZ) < 100, 'the other side does not hear it')
  assert.ok(levelAt(latest(samples()), PROGRAM_HZ) < 100, 'nor does it hear itself')
  a.want({ streams: [] })
  await talk(3_000)
  const relayed = a.sent.length
  b.say()
  assert.equal(a.sent.length, relayed + 1, 'packets leave as they come')
  for (const line of [a, b]) assertOneStream(line.sent, 80)
  assert.deepEqual(
    a.events.filter(({ type }) => type.startsWith('stream')),
    [
      { type: 'stream_started', stream_id: STREAM_ID },
      { type: 'stream_ended', stream_id: STREAM_ID, dropped: 0 },
    ],
  )
  await eventually('it is told of the end', () => told.at(-1)?.kind === AudioSocketKind.hangup)
})

test('a program may hear one side only, and need not be heard', async (t) => {
  const { target, samples, say } = await program(t)
  const { a, talk } = conversation()
  a.want({ streams: [{ ...target, listen: 'in', speak: false }] })
  await connected(a)
  say(sine([PROGRAM_HZ], 400, 5_000))
  const heard = await talk(1_000)
  await eventually('it hears', () => samples().length > 6_000)
  assert.ok(levelAt(latest(samples()), CALLER_HZ) > 3_000)
  assert.ok(levelAt(latest(samples()), CALLEE_HZ) < 100)
  assert.ok(levelAt(heard, PROGRAM_HZ) < 100)
  a.close()
})

test('under a cover and while muted the party does not hear the program', async (t) => {
  const { target, say } = await program(t)
  const { a, talk } = conversation()
  a.want({ streams: [target], cover: { kind: 'silence' } })
  await connected(a)
  say(sine([PROGRAM_HZ], 400, 5_000))
  assert.ok(levelAt(await talk(600), PROGRAM_HZ) < 50)
  const { cover: _, ...open } = a.wanted
  a.wanted = open
  a.want({ mute: 'out' })
  say(sine([PROGRAM_HZ], 400, 5_000))
  assert.ok(levelAt(await talk(600), PROGRAM_HZ) < 50)
  a.close()
})

test('a program that does not read loses the oldest sound, which is counted, and hears the newest when it reads again', async (t) => {
  const { target, sockets, told } = await program(t)
  let started = false
  const link = new StreamLink(target, {
    clock: systemClock,
    started: () => {
      started = true
    },
    ended: () => assert.fail('it ended'),
  })
  t.after(() => link.close())
  await eventually('it is there', () => started && sockets.length === 1)
  sockets[0]?.pause()
  let pushed = 0
  const push = () => link.hear(new Int16Array(160).fill(++pushed & 0x7fff), new Int16Array(160), 160)
  for (let rounds = 0; rounds < 200 && link.dropped < 100; rounds++) {
    for (let n = 0; n < 500; n++) push()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(link.dropped >= 100, 'what the network takes is bounded, and so is what waits')
  sockets[0]?.resume()
  await eventually('it has read all that is left', () => told.length - 1 === pushed - link.dropped, 10_000)
  const marks = told.slice(1).map(({ payload }) => payload.readInt16LE(0))
  assert.equal(marks.at(-1), pushed & 0x7fff, 'the newest is there')
  assert.deepEqual(
    marks.slice(0, 50),
    [...Array(50).keys()].map((n) => n + 1),
    'what was on its way stays in order',
  )
})

test('a program that is not there, or goes away, ends the stream and nothing else', async (t) => {
  const { target, sockets } = await program(t)
  const { a, talk } = conversation()
  const closed = net.createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as net.AddressInfo
  closed.close()
  await once(closed, 'close')
  a.want({ streams: [{ ...target, stream_id: 'aa1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a', port }, target] })
  await connected(a)
  await eventually('it is there', () => sockets.length === 1)
  sockets[0]?.destroy()
  const ends = await eventually('both have ended', () => {
    const ends = a.events.filter((event) => event.type === 'stream_ended')
    return ends.length === 2 ? ends : undefined
  })
  assert.equal(ends[0]?.issue, 'unreachable')
  a.want() // what has ended does not begin again
  await talk(400)
  assert.equal(a.events.filter(({ type }) => type === 'stream_ended').length, 2)
  assert.equal(sockets.length, 1)
})

test('messages are read however the network cut them', () => {
  const sent = [
    audioSocketMessage(AudioSocketKind.audio, Buffer.from([1, 2, 3, 4])),
    audioSocketMessage(AudioSocketKind.hangup),
    audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(640, 7)),
  ]
  for (const size of [1, 2, 3, 5, 1_000]) {
    const read: Buffer[] = []
    const reader = new AudioSocketReader((kind, payload) => read.push(audioSocketMessage(kind, payload)))
    const octets = Buffer.concat(sent)
    for (let at = 0; at < octets.length; at += size) reader.push(octets.subarray(at, at + size))
    assert.deepEqual(read, sent, `in pieces of ${size}`)
  }
})

test('sound that comes too fast is kept for eight seconds, and the oldest of more is lost and counted', () => {
  const queue = new SpokenQueue()
  const second = Buffer.alloc(16_000)
  queue.push(second)
  assert.ok(!queue.isFull)
  queue.push(second)
  assert.ok(queue.isFull)
  for (let n = 0; n < 8; n++) queue.push(second)
  assert.equal(queue.length, 65_536)
  assert.equal(queue.lost, 10 * 8_000 - 65_536)
  const frame = new Int16Array(160)
  while (!queue.mayGoOn) assert.ok(queue.mixInto(frame, 160))
  assert.ok(queue.length <= 8_000)
})

test('voices that are too loud together are as loud as there is room for', () => {
  const queue = new SpokenQueue()
  const loud = Buffer.alloc(960)
  for (let i = 0; i < 480; i++) loud.writeInt16LE(i % 2 === 0 ? 30_000 : -30_000, i * 2)
  queue.push(loud)
  const frame = Int16Array.from({ length: 160 }, (_, i) => (i % 2 === 0 ? 30_000 : -30_000))
  queue.mixInto(frame, 160)
  assert.deepEqual([frame[0], frame[1]], [32_767, -32_768])
})
