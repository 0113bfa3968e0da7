import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { writeRtpHeader } from '#telecom/rtp'
import { eventually, freePort, levelAt, readWavFile, rms } from '#testkit'
import { codecs } from '../codecs/index.ts'
import {
  type CodecName,
  type MediaEndpoint,
  MediaEngine,
  type MediaEngineOptions,
  type MediaEvent,
  repairPair,
  type WantedMedia,
} from '../index.ts'

const SECOND = 8_000
/** Both files may differ by so much in what they say about the same moment. */
const ALIGNED = 320

let folder: string
let engine: MediaEngine
let cleanup: (() => Promise<void>)[] = []
let count = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recording-'))
  engine = await startEngine()
})

after(async () => {
  await engine.stop()
  await rm(folder, { recursive: true })
})

async function startEngine(options: Partial<MediaEngineOptions> = {}): Promise<MediaEngine> {
  const first = Math.min((await freePort('udp')) & ~1, 65_000)
  const ports = { first, last: first + 99 }
  const started = new MediaEngine({ log: silentLog, workers: 1, address: '127.0.0.1', ports, ...options })
  await started.start()
  return started
}

/** A phone that sends one packet for each that it gets, so that the engine's tick is its clock: what, the test says. */
class Phone {
  readonly socket = dgram.createSocket('udp4')
  codec: CodecName = 'PCMU'
  ssrc = 4_711
  /** Hertz of what it says; 0 = nothing is sent, though time passes. */
  speaking = 0
  /** One of so many packets is lost. */
  loses = 0
  heard = 0
  #alone = false
  #to: MediaEndpoint | undefined
  #sequence = 10_000
  #timestamp = 3_000

  static async open(): Promise<Phone> {
    const phone = new Phone()
    phone.socket.bind(0, '127.0.0.1')
    await once(phone.socket, 'listening')
    phone.socket.on('message', () => {
      phone.heard++
      if (!phone.#alone) phone.#speak()
    })
    return phone
  }

  get port(): number {
    return this.socket.address().port
  }

  /** Speaks on a clock of its own, whether or not it hears anything. Gives how to stop. */
  speakAlone(hz: number): () => void {
    this.speaking = hz
    this.#alone = true
    const clock = setInterval(() => this.#speak(), 20)
    return () => clearInterval(clock)
  }

  call(endpoint: MediaEndpoint): void {
    this.#to = endpoint
  }

  #speak(): void {
    const { payloadType, encode } = codecs[this.codec]
    const from = this.#timestamp
    this.#timestamp = (this.#timestamp + 160) >>> 0
    if (this.speaking === 0) return
    this.#sequence = (this.#sequence + 1) & 0xffff
    if (this.loses > 0 && this.#sequence % this.loses === 0) return
    const samples = Int16Array.from({ length: 160 }, (_, n) =>
      Math.round(8_000 * Math.sin((2 * Math.PI * this.speaking * (from + n)) / SECOND)),
    )
    const packet = Buffer.alloc(172)
    writeRtpHeader(packet, payloadType, false, this.#sequence, from, this.ssrc)
    encode(samples, 0, 160, packet, 12)
    this.socket.send(packet, this.#to?.port ?? 9, '127.0.0.1')
  }

  /** Waits until it has heard so much more. */
  async listen(ms: number): Promise<void> {
    const until = this.heard + ms / 20
    await eventually(`${ms} ms of sound`, () => this.heard >= until, 30_000)
  }
}

/** A line of the engine with a phone at its other end, not recorded yet. */
async function testLine(of = engine, changes: Partial<WantedMedia> = {}) {
  const phone = await Phone.open()
  const events: MediaEvent[] = []
  const name = `call_${count++}`
  const endpoint = await of.open({ id: name, on: (event) => events.push(event) })
  phone.call(endpoint)
  const recording = { recording_id: name, in: join(folder, `${name}_in.wav`), out: join(folder, `${name}_out.wav`) }
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
    recording,
    event,
    want: (more: Partial<WantedMedia> = {}) => endpoint.want({ ...wanted, ...more }),
    /** Both files as they are on the disk now. */
    async files() {
      const [heard, spoken] = [await readFile(recording.in), await readFile(recording.out)]
      return { heard: readWavFile(heard).samples, spoken: readWavFile(spoken).samples }
    },
  }
}

/** Hangs up all lines, after each test or where one asks for it. */
async function done(): Promise<void> {
  const steps = cleanup
  cleanup = []
  for (const step of steps) await step()
}
afterEach(done)

const tone = (hz: number, durationMs = 60_000) =>
  ({ kind: 'prompt', prompt_id: `tone-${hz}`, parts: [{ tone: { hz: [hz], durationMs } }] }) as const

/** Where something is first and last heard. */
function span(samples: Int16Array): { from: number; until: number } {
  const loud = (sample: number) => Math.abs(sample) > 1_000
  return { from: samples.findIndex(loud), until: samples.findLastIndex(loud) }
}

test('each direction is in its own file and nothing else is, both equally long', async () => {
  const { phone, want, event, recording, files, events } = await testLine()
  want()
  await phone.listen(100)
  want({ recording })
  await event('recording_started')
  phone.speaking = 1_000
  want({ recording, sending: tone(440) })
  await phone.listen(1_600)
  want({ sending: tone(440) })
  const ended = await event('recording_ended')
  assert.ok(ended.complete && ended.issue === undefined)
  assert.equal(ended.recording_id, recording.recording_id)
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  assert.ok(Math.abs(heard.length / 8 - ended.duration_ms) <= 1)
  assert.ok(ended.duration_ms >= 1_500 && ended.duration_ms < 6_000, String(ended.duration_ms))
  const middle = (samples: Int16Array) => samples.subarray(samples.length - SECOND, samples.length - 1_600)
  assert.ok(levelAt(middle(heard), 1_000) > 5_000 && levelAt(middle(heard), 440) < 100)
  assert.ok(levelAt(middle(spoken), 440) > 5_000 && levelAt(middle(spoken), 1_000) < 100)
  assert.ok(Math.abs(span(heard).from - span(spoken).from) < ALIGNED + 160 * 4, 'both begin together')
  assert.equal(events.filter(({ type }) => type.startsWith('recording')).length, 2)
})

test('loss, a pause, another SSRC and hold are silence, and what follows is at its time on both sides', async () => {
  const { phone, want, event, recording, files } = await testLine()
  want({ recording })
  await event('recording_started')
  want({ recording, sending: tone(500) })
  phone.speaking = 1_000
  phone.loses = 5
  await phone.listen(600)
  phone.speaking = 0
  want({ recording })
  await phone.listen(800)
  phone.ssrc = 99
  phone.loses = 0
  phone.speaking = 1_000
  want({ recording, sending: { ...tone(500), prompt_id: 'again' } })
  await phone.listen(600)
  want({ direction: 'inactive', recording })
  // nothing comes from the line now that could be the clock of the phone
  await eventually('half a second of hold', async () => (await files()).heard.length > 2.6 * SECOND, 10_000)
  want({ direction: 'inactive' })
  const ended = await event('recording_ended')
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  for (const samples of [heard, spoken]) {
    const first = span(samples).from
    const pause = samples.subarray(first + 5_600, first + 10_800)
    assert.ok(rms(pause) < 10, `the pause is silent: ${rms(pause)}`)
    const second = first + 5_600 + span(samples.subarray(first + 5_600)).from
    assert.ok(Math.abs(second - first - 1_400 * 8) < 2 * ALIGNED, `second talk after ${(second - first) / 8} ms`)
    assert.ok(rms(samples.subarray(samples.length - 2_000)) < 10, 'hold is silent')
  }
  const talk = heard.subarray(span(heard).from, span(heard).from + 4_000)
  const holes = Array.from({ length: 25 }, (_, n) => talk.subarray(n * 160, n * 160 + 160)).filter((f) => rms(f) < 10)
  assert.ok(holes.length >= 4 && holes.length <= 6, `${holes.length} of 25 packets are lost`)
  assert.ok(ended.complete)
})

for (const [mode, ptimeMs] of [
  ['relayed', 20],
  ['processed', 30],
] as const) {
  test(`of a conversation that is ${mode} each leg records the one in one file, the other in the other`, async () => {
    const [a, b] = [await testLine(), await testLine(engine, { ptimeMs })]
    a.want({ sending: { kind: 'bridge', peer: b.endpoint.id } })
    b.want({ sending: { kind: 'bridge', peer: a.endpoint.id } })
    const stop = [a.phone.speakAlone(1_000), b.phone.speakAlone(600)]
    try {
      a.want({ sending: { kind: 'bridge', peer: b.endpoint.id }, recording: a.recording })
      b.want({ sending: { kind: 'bridge', peer: a.endpoint.id }, recording: b.recording })
      await Promise.all([a.event('recording_started'), b.event('recording_started')])
      const recorded = async () => (await stat(b.recording.out)).size > 3 * 2 * SECOND
      await eventually('three seconds', recorded, 20_000)
    } finally {
      for (const end of stop) end()
    }
    a.want({ sending: { kind: 'bridge', peer: b.endpoint.id } })
    await b.endpoint.close()
    for (const [line, hears, says] of [
      [a, 1_000, 600],
      [b, 600, 1_000],
    ] as const) {
      assert.ok((await line.event('recording_ended')).complete)
      const { heard, spoken } = await line.files()
      assert.equal(heard.length, spoken.length)
      const middle = (samples: Int16Array) => samples.subarray(SECOND, SECOND * 2)
      assert.ok(levelAt(middle(heard), hears) > 4_000 && levelAt(middle(heard), says) < 200, `${hears} is heard`)
      assert.ok(levelAt(middle(spoken), says) > 4_000 && levelAt(middle(spoken), hears) < 200, `${says} is said`)
      assert.ok(Math.abs(span(heard).from - span(spoken).from) < 2 * ALIGNED, 'both begin together')
    }
  })
}

test('a recording that is wanted again goes on, and another one is another pair of files', async () => {
  const { phone, want, event, events, recording } = await testLine()
  want({ recording })
  await event('recording_started')
  want({ recording, sending: tone(440) })
  const second = { recording_id: 'second', in: `${recording.in}.2`, out: `${recording.out}.2` }
  await phone.listen(200)
  want({ recording: second })
  await eventually('the second', () => events.filter(({ type }) => type === 'recording_started').length === 2)
  await event('recording_ended')
  await phone.listen(200)
  await done()
  await eventually('both ends', () => events.filter(({ type }) => type === 'recording_ended').length === 2)
  const ended = events.filter((seen) => seen.type === 'recording_ended')
  assert.deepEqual(
    ended.map(({ recording_id, complete }) => [recording_id, complete]),
    [
      [recording.recording_id, true],
      ['second', true],
    ],
  )
  assert.equal((await stat(second.in)).size, (await stat(second.out)).size)
})

test('what is heard and what is said at the same moment lie at the same place: an echo follows by its delay', async () => {
  const { phone, want, event, recording, files } = await testLine()
  want({ recording, sending: { kind: 'echo' } })
  await event('recording_started')
  await phone.listen(100)
  phone.speaking = 1_000
  await phone.listen(500)
  phone.speaking = 0
  await phone.listen(300)
  want()
  await event('recording_ended')
  const { heard, spoken } = await files()
  const delays = [span(spoken).from - span(heard).from, span(spoken).until - span(heard).until]
  for (const delay of delays) assert.ok(delay > 160 && delay < 160 + 1_600, `the echo comes ${delay / 8} ms later`)
})

test('a recording that is not wanted any more before it has begun ends once, with files of nothing', async () => {
  const { want, event, events, recording, files } = await testLine()
  want({ recording })
  want()
  const ended = await event('recording_ended')
  assert.ok(ended.complete && ended.duration_ms < 1_000)
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  await done()
  assert.equal(events.filter(({ type }) => type === 'recording_ended').length, 1)
})

test('a call that hangs up ends its recording, whose files are whole by the time it is told', async () => {
  const { phone, want, event, events, endpoint, recording, files } = await testLine()
  want({ recording, sending: tone(440) })
  await event('recording_started')
  await phone.listen(300)
  await endpoint.close()
  const ended = await event('recording_ended')
  assert.ok(ended.complete)
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  assert.ok(levelAt(spoken.subarray(800), 440) > 3_000)
  assert.equal(events.filter(({ type }) => type === 'recording_ended').length, 1)
})

test('where no file can be made the call goes on, and the recording says why', async () => {
  const readOnly = join(folder, 'read-only')
  await mkdir(readOnly)
  await chmod(readOnly, 0o500)
  const root = process.getuid?.() === 0
  for (const [place, issue] of [
    [join(folder, 'missing'), 'not_writable'],
    ...(root ? [] : [[readOnly, 'not_writable']]),
    [folder, 'exists'],
  ] as const) {
    const { phone, want, event, events, recording } = await testLine()
    const paths = { in: join(place as string, 'taken_in.wav'), out: join(place as string, 'taken_out.wav') }
    await writeFile(join(folder, 'taken_out.wav'), 'mine')
    want({ recording: { ...recording, ...paths } })
    const { recording_id } = recording
    const ended = await event('recording_ended')
    assert.deepEqual(ended, { type: 'recording_ended', recording_id, duration_ms: 0, complete: false, issue })
    want({ recording: { ...recording, ...paths }, sending: tone(440) })
    await phone.listen(200)
    assert.deepEqual(
      events.filter(({ type }) => type.startsWith('recording')),
      [ended],
      'and it is not tried again',
    )
    await done()
  }
})

test('a media worker that crashes leaves a silent gap; the recording goes on in its files', async () => {
  const { phone, want, event, events, recording, files, endpoint } = await testLine()
  want({ recording, sending: tone(440) })
  await event('recording_started')
  const stop = phone.speakAlone(1_000)
  try {
    await phone.listen(1_200)
    await engine.crashWorker(endpoint.worker)
    await event('restarted')
    await phone.listen(1_000)
  } finally {
    stop()
  }
  want()
  const ended = await event('recording_ended')
  assert.deepEqual([ended.complete, ended.issue], [false, 'worker_restarted'])
  assert.equal(events.filter(({ type }) => type === 'recording_started').length, 1)
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  for (const [samples, hz] of [
    [heard, 1_000],
    [spoken, 440],
  ] as const) {
    const first = span(samples).from
    assert.ok(levelAt(samples.subarray(first + 800, first + 6_400), hz) > 5_000, 'before')
    assert.ok(levelAt(samples.subarray(-5_600, -1_600), hz) > 5_000, 'after')
    const frames = Array.from({ length: samples.length / 160 - 20 }, (_, n) => samples.subarray(n * 160, n * 160 + 160))
    assert.ok(
      frames.slice(first / 160 + 20).some((frame) => rms(frame) === 0),
      'a gap between',
    )
  }
})

test('a writer that crashes loses nothing that the ring holds', async () => {
  const { phone, want, event, events, recording, files } = await testLine()
  want({ recording, sending: tone(440) })
  await event('recording_started')
  phone.speaking = 1_000
  await phone.listen(1_300)
  await engine.crashRecordingWriter()
  await phone.listen(1_300)
  want()
  const ended = await event('recording_ended')
  assert.deepEqual([ended.complete, ended.issue], [false, 'worker_restarted'])
  assert.equal(events.filter(({ type }) => type === 'recording_started').length, 1)
  const { heard, spoken } = await files()
  assert.equal(heard.length, spoken.length)
  assert.ok(Math.abs(heard.length / 8 - ended.duration_ms) <= 1 && ended.duration_ms > 2_400)
  for (const samples of [heard, spoken]) {
    const { from, until } = span(samples)
    for (let at = from; at + 320 < until; at += 160) {
      assert.ok(rms(samples.subarray(at, at + 320)) > 1_000, `sound at ${at / 8} ms`)
    }
  }
})

test('a writer that crashes before it has answered still begins, and still ends', async () => {
  const crashing = await startEngine()
  try {
    const first = await testLine(crashing)
    first.want({ recording: first.recording })
    await first.event('recording_started')
    const second = await testLine(crashing)
    const crash = crashing.crashRecordingWriter()
    second.want({ recording: second.recording })
    first.want()
    await crash
    await second.event('recording_started')
    assert.equal((await first.event('recording_ended')).issue, 'worker_restarted')
    second.want()
    assert.ok((await second.event('recording_ended')).complete)
    await done()
  } finally {
    await crashing.stop()
  }
})

/** A writer whose disk stands still as long as a file of that name is there. */
async function stallableWriter(flag: string): Promise<URL> {
  const script = join(folder, `writer-${count++}.mjs`)
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  await writeFile(
    script,
    `import { existsSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    import { systemClock } from ${module('../../../platform/time/index.ts')}
    import { diskFiles } from ${module('./recording-files.ts')}
    import { RecordingWriter } from ${module('./recording-writer.ts')}
    const nobody = new Int32Array(new SharedArrayBuffer(4))
    const wait = () => { while (existsSync(${JSON.stringify(flag)})) Atomics.wait(nobody, 0, 0, 10) }
    const files = {
      ...diskFiles,
      create(...args) { wait(); return diskFiles.create(...args) },
      write(...args) { wait(); return diskFiles.write(...args) },
    }
    const post = (message) => parentPort.postMessage(message)
    const writer = new RecordingWriter({ clock: systemClock, files, post })
    parentPort.on('message', (message) => writer.handle(message))
    post({ type: 'ready' })`,
  )
  return new URL(`file://${script}`)
}

test('a disk that stands still costs the recording, marked, and never the sound; new ones are refused until it moves', async () => {
  const flag = join(folder, 'stall')
  const clock = new ManualClock()
  const stalling = await startEngine({ clock, recordingWriter: await stallableWriter(flag) })
  try {
    const { phone, want, event, recording, files } = await testLine(stalling)
    want({ recording, sending: tone(440) })
    await event('recording_started')
    await phone.listen(1_200)
    await writeFile(flag, '')
    const before = performance.now()
    await phone.listen(2_000)
    assert.ok(performance.now() - before < 2_500, 'sound goes on at its pace')
    want()
    for (let n = 0; n < 12; n++) clock.advance(500)
    const ended = await event('recording_ended')
    assert.deepEqual([ended.complete, ended.issue], [false, 'stalled'])
    assert.ok(ended.duration_ms < 3_500)
    const refused = await testLine(stalling)
    refused.want({ recording: refused.recording })
    assert.equal((await refused.event('recording_ended')).issue, 'stalled')
    await rm(flag)
    await eventually('the files are finished all the same', async () => {
      const { heard, spoken } = await files()
      return heard.length === spoken.length && heard.length > 3 * SECOND
    })
    const next = await eventually('recording is possible again', async () => {
      const line = await testLine(stalling)
      line.want({ recording: line.recording })
      const told = await eventually('told', () => line.events.find(({ type }) => type.startsWith('recording')))
      return told.type === 'recording_started' && line
    })
    next.want()
    assert.ok((await next.event('recording_ended')).complete)
    await done()
  } finally {
    await rm(flag, { force: true })
    await stalling.stop()
  }
})

test('an engine that stops does not wait for a disk that stands still', async () => {
  const flag = join(folder, 'stall-at-stop')
  const stalling = await startEngine({ recordingWriter: await stallableWriter(flag) })
  try {
    const { phone, want, event, recording } = await testLine(stalling)
    want({ recording })
    await event('recording_started')
    await writeFile(flag, '')
    await phone.listen(1_100)
    const before = performance.now()
    await stalling.stop()
    assert.ok(performance.now() - before < 4_500)
    assert.equal((await event('recording_ended')).issue, 'stalled')
  } finally {
    await rm(flag, { force: true })
    await done()
  }
})

test('after kill -9 both files are readable WAV files, and can be made equally long', async () => {
  const paths = { in: join(folder, 'killed_in.wav'), out: join(folder, 'killed_out.wav') }
  const script = join(folder, 'killed.mjs')
  await writeFile(
    script,
    `import { MediaEngine } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
    import { silentLog } from ${JSON.stringify(new URL('../../../platform/log/index.ts', import.meta.url).href)}
    const first = ${(await freePort('udp')) & ~1}
    const engine = new MediaEngine({ log: silentLog, workers: 1, address: '127.0.0.1', ports: { first, last: first + 9 } })
    await engine.start()
    const endpoint = await engine.open({ id: 'a', on: () => {} })
    endpoint.want({
      remote: { address: '127.0.0.1', port: 9 }, codec: 'PCMU', payloadTypeSend: 0, payloadTypeReceive: 0,
      telephoneEventSend: null, telephoneEventReceive: null, ptimeMs: 20, direction: 'sendrecv',
      sending: ${JSON.stringify(tone(440))},
      recording: ${JSON.stringify({ recording_id: 'killed', ...paths })},
    })`,
  )
  const child = spawn(process.execPath, [script], { stdio: 'ignore' })
  const size = (path: string) =>
    stat(path).then(
      (file) => file.size,
      () => 0,
    )
  try {
    await eventually('two seconds are written', async () => (await size(paths.out)) > 32_000, 30_000)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const path of [paths.in, paths.out]) {
    const file = await readFile(path)
    assert.ok(file.readUInt32LE(40) <= file.length - 44, 'the header promises no more than is there')
    assert.ok(readWavFile(file).samples.length >= 2 * SECOND - 160)
  }
  const { durationMs } = await repairPair(paths.in, paths.out)
  assert.ok(durationMs >= 1_980)
  const [heard, spoken] = [await readFile(paths.in), await readFile(paths.out)]
  assert.equal(heard.length, spoken.length)
  const { samples } = readWavFile(spoken)
  assert.ok(levelAt(samples.subarray(span(samples).from, span(samples).until - 400), 440) > 5_000)
})
