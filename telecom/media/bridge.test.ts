import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, levelAt, sine } from '#testkit'
import { codecs } from './codecs/index.ts'
import { type MediaEndpoint, MediaEngine, type MediaEvent, type WantedMedia } from './index.ts'
import { freeRange, Phone } from './test-phone.ts'
import { assertOneStream, soundOf } from './worker/test-line.ts'

let engine: MediaEngine
const cleanup: (() => Promise<void>)[] = []

before(async () => {
  engine = new MediaEngine({ log: silentLog, workers: 2, address: '127.0.0.1', ports: await freeRange(400) })
  await engine.start()
})

after(() => engine.stop())

afterEach(async () => {
  for (const step of cleanup.splice(0)) await step()
})

const PCMA = { codec: 'PCMA', payloadTypeSend: 8, payloadTypeReceive: 8 } as const
let opened = 0

/** A phone and its endpoint in that worker. */
class Line {
  readonly id: string
  readonly phone: Phone
  readonly events: MediaEvent[]
  readonly endpoint: MediaEndpoint
  wanted: WantedMedia

  constructor(phone: Phone, endpoint: MediaEndpoint, events: MediaEvent[], changes: Partial<WantedMedia>) {
    this.id = endpoint.id
    this.phone = phone
    this.endpoint = endpoint
    this.events = events
    this.wanted = {
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
  }

  static async open(worker: number, changes: Partial<WantedMedia> = {}, id = `bridged-${opened++}`): Promise<Line> {
    const phone = await Phone.open()
    const events: MediaEvent[] = []
    const endpoint = await engine.open({ id, workerHint: worker, on: (event) => events.push(event) })
    assert.equal(endpoint.worker, worker)
    const line = new Line(phone, endpoint, events, changes)
    cleanup.push(async () => {
      await endpoint.close()
      phone.socket.close()
    })
    return line
  }

  want(changes: Partial<WantedMedia> = {}): void {
    this.wanted = { ...this.wanted, ...changes }
    this.endpoint.want(this.wanted)
  }

  hear(peer: { id: string }): void {
    this.want({ sending: { kind: 'bridge', peer: peer.id } })
  }
}

/** The phone of a line speaks in its own time until it is stopped. */
function speak(line: Line, hz: number) {
  const { codec, ptimeMs } = line.wanted
  const size = ptimeMs * 8
  const period = sine([hz], 1_000, 6_000)
  const payload = Buffer.alloc(size)
  const sentMs: number[] = []
  let n = 0
  const beganMs = systemClock.monotonicMs()
  let timer = systemClock.after(0, say)
  function say(): void {
    codecs[codec].encode(period, (n * size) % (period.length - (period.length % size)), size, payload, 0)
    line.phone.send(line.endpoint, Buffer.from(payload), codecs[codec].payloadType)
    sentMs.push(systemClock.monotonicMs())
    n++
    timer = systemClock.after(Math.max(0, beganMs + n * ptimeMs - systemClock.monotonicMs()), say)
  }
  const stop = () => timer.cancel()
  cleanup.unshift(async () => stop())
  return { sentMs, stop }
}

const hears = (line: Line, hz: number, from = 0) =>
  eventually(`${line.id} hears ${hz} Hz`, () => {
    const sound = line.phone.heard(line.wanted.codec, Math.max(from, line.phone.packets.length - 25))
    return sound.length >= 2_400 && levelAt(sound.subarray(-2_400), hz) > 4_000
  })

for (const [what, workers, changesA, changesB] of [
  ['one worker', [0, 0], {}, {}],
  ['two workers', [0, 1], {}, {}],
  ['one worker, PCMU and PCMA', [0, 0], {}, PCMA],
  ['two workers, PCMU and PCMA', [1, 0], {}, PCMA],
  ['one worker, 30 and 20 ms', [0, 0], { ptimeMs: 30 }, {}],
  ['two workers, 30 and 20 ms', [0, 1], { ptimeMs: 30 }, PCMA],
] as const) {
  test(`two phones hear each other (${what})`, async () => {
    const a = await Line.open(workers[0], changesA)
    const b = await Line.open(workers[1], changesB)
    a.hear(b)
    b.hear(a)
    speak(a, 500)
    speak(b, 900)
    await Promise.all([hears(a, 900), hears(b, 500)])
    await eventually('a second of it', () => a.phone.packets.length > 60 && b.phone.packets.length > 60)
    for (const { phone, wanted } of [a, b]) {
      assertOneStream(phone.packets, undefined, 200)
      assert.deepEqual([...new Set(phone.packets.map(({ header }) => header.payloadType))], [wanted.payloadTypeSend])
    }
    assert.ok(levelAt(soundOf(b.phone.packets).subarray(-2_400), 900) < 100, 'nobody hears himself')
  })
}

for (const [what, workers, ptimeMs] of [
  ['relayed in one worker', [0, 0], 20],
  ['relayed across workers', [0, 1], 20],
  ['30 ms to 20 ms across workers', [0, 1], 30],
] as const) {
  test(`added delay is at most 25 ms: ${what}`, async () => {
    const a = await Line.open(workers[0], { ptimeMs })
    const b = await Line.open(workers[1])
    b.hear(a)
    a.want()
    const payload = Buffer.alloc(ptimeMs * 8)
    const said = new Map<number, number>()
    let dueMs = systemClock.monotonicMs()
    // every fifth packet is loud, and says which it is by the level of its samples
    for (let n = 0; n < 90; n++) {
      const level = n % 5 === 0 ? 0x80 | (n % 64) : 0xff
      payload.fill(level)
      if (level !== 0xff) said.set(level, systemClock.monotonicMs())
      a.phone.send(a.endpoint, Buffer.from(payload))
      dueMs += ptimeMs
      await new Promise<void>((resolve) => {
        systemClock.after(Math.max(0, dueMs - systemClock.monotonicMs()), resolve)
      })
    }
    const from = b.phone.packets.length
    await eventually('what is on its way', () => b.phone.packets.length > from + 12)
    const delaysMs: number[] = []
    for (const [level, saidMs] of said) {
      const heard = b.phone.packets.find(({ payload }) => payload.includes(level))
      if (heard) delaysMs.push(heard.atMs + heard.payload.indexOf(level) / 8 - saidMs)
    }
    assert.ok(delaysMs.length > 12, String(delaysMs.length))
    delaysMs.sort((x, y) => x - y)
    // what the arrangement adds; what a busy machine adds to it is in all but the best
    const best = delaysMs[1] ?? Number.NaN
    assert.ok(best <= 25, `${best} ms`)
  })
}

test('whoever is wanted first, opened first, or opened again, is heard as soon as both are there', async () => {
  const b = await Line.open(1)
  b.hear({ id: 'late' })
  await eventually('silence meanwhile', () => b.phone.packets.length > 5)
  for (const worker of [0, 1, 0]) {
    const late = await Line.open(worker, {}, 'late')
    late.hear(b)
    const from = b.phone.packets.length
    const speaking = speak(late, 700)
    await hears(b, 700, from)
    speaking.stop()
    await late.endpoint.close()
    const gone = b.phone.packets.length
    await eventually('silence after it', () => b.phone.packets.length > gone + 10)
    assert.ok(b.phone.packets.at(-1)?.payload.every((octet) => octet === 0xff))
  }
  assertOneStream(b.phone.packets, undefined, 200)
})

for (const victim of ['the speaker', 'the listener'] as const) {
  test(`after a crash of the worker of ${victim} both hear each other again, on the same ports`, async () => {
    const a = await Line.open(0)
    const b = await Line.open(1)
    a.hear(b)
    b.hear(a)
    speak(a, 500)
    speak(b, 900)
    await Promise.all([hears(a, 900), hears(b, 500)])
    await engine.crashWorker(victim === 'the speaker' ? 0 : 1)
    const crashed = victim === 'the speaker' ? a : b
    await eventually('restarted', () => crashed.events.some(({ type }) => type === 'restarted'))
    const from = [a.phone.packets.length, b.phone.packets.length]
    await Promise.all([hears(a, 900, from[0]), hears(b, 500, from[1])])
    assertOneStream((victim === 'the speaker' ? b : a).phone.packets, undefined, 200)
  })
}

test('a key pressed during a conversation is a telephone event for the other phone, across workers too', async () => {
  const a = await Line.open(0)
  const b = await Line.open(1)
  a.hear(b)
  b.hear(a)
  speak(a, 500)
  await hears(b, 500)
  for (const key of '42') b.endpoint.press(key, 60)
  await eventually('both keys', () => {
    const events = b.phone.packets.filter(({ header }) => header.payloadType === 101)
    const ended = new Set(events.filter(({ payload }) => (payload[1] ?? 0) >= 128).map(({ payload }) => payload[0]))
    return ended.has(4) && ended.has(2)
  })
  const from = b.phone.packets.length
  await hears(b, 500, from)
  assertOneStream(b.phone.packets, undefined, 200)
})

test('a stranger who found the port of one phone is not heard by the other', async () => {
  const a = await Line.open(0)
  const b = await Line.open(1)
  a.hear(b)
  b.hear(a)
  speak(a, 500)
  await hears(b, 500)
  const stranger = await Phone.open()
  cleanup.push(async () => void stranger.socket.close())
  const noise = Buffer.alloc(160, 0x10)
  for (let n = 0; n < 20; n++) stranger.send(a.endpoint, noise)
  const dropped = await eventually('it is counted', async () => (await a.endpoint.statistics()).dropped.foreign_source)
  assert.equal(dropped, 20)
  assert.ok(b.phone.packets.every(({ payload }) => !payload.equals(noise)))
})
