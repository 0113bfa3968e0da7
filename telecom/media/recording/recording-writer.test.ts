import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Clock, ManualClock } from '#platform/time'
import { decodeWav } from '../wav/read-wav.ts'
import { FrameDirection, FrameRing, makeRingMemory } from './frame-ring.ts'
import { diskFiles, type RecordingFiles } from './recording-files.ts'
import { RecordingWriter } from './recording-writer.ts'
import { repairPair, repairRecording } from './repair.ts'
import type { FromWriter } from './writer-protocol.ts'

let folder: string
let count = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recording-'))
})
after(() => rm(folder, { recursive: true }))

/** A writer on a clock turned by hand, and one recording whose frames are pushed by hand. */
function testWriter(files: Partial<RecordingFiles> = {}) {
  const clock = new ManualClock()
  clock.advance(5_000)
  /** Time that has passed within calls to the disk. */
  let heldMs = 0
  const nowMs = () => clock.monotonicMs() + heldMs
  const said: FromWriter[] = []
  let writers = 0
  const startWriter = () => {
    const number = ++writers
    const after: Clock['after'] = (delayMs, run) => clock.after(delayMs, () => number === writers && run())
    return new RecordingWriter({
      clock: { wallMs: nowMs, monotonicMs: nowMs, after },
      files: { ...diskFiles, ...files },
      post: (message) => said.push(message),
    })
  }
  const name = `r${count++}`
  const paths = { in: join(folder, `${name}_in.wav`), out: join(folder, `${name}_out.wav`) }
  const memory = makeRingMemory()
  const ring = new FrameRing(memory)
  let writer = startWriter()
  let startMs: number | undefined
  const begin = () => {
    writer.handle({ type: 'begin', key: 1, paths, memory, startMs })
    const last = said.at(-1)
    if (last?.type === 'started') startMs = last.startMs
  }
  begin()
  const at = () => Math.round((nowMs() - (startMs ?? 0)) * 8)
  let timestamp = 1_000
  return {
    clock,
    said,
    paths,
    ring,
    /** Lets time pass in steps of 20 ms, with a frame each way where a value is given for it. */
    talk(ms: number, heard?: number, spoken?: number, pass: 'free' | 'held' = 'free') {
      for (let n = 0; n < ms / 20; n++) {
        if (pass === 'free') clock.advance(20)
        else heldMs += 20
        timestamp += 160
        if (heard !== undefined) ring.push(FrameDirection.in, 7, timestamp, at(), new Int16Array(160).fill(heard), 160)
        if (spoken !== undefined)
          ring.push(FrameDirection.out, 9, timestamp, at(), new Int16Array(160).fill(spoken), 160)
      }
    },
    end(atMs = nowMs()) {
      writer.handle({ type: 'end', key: 1, atMs })
      return said.at(-1)
    },
    /** The thread is gone with all it knew; a new one is told what it has to do. */
    restart() {
      writer = startWriter()
      begin()
    },
    read: async () => ({
      heard: decodeWav(await readFile(paths.in)),
      spoken: decodeWav(await readFile(paths.out)),
    }),
  }
}

/** The value that fills a span of milliseconds; `undefined` where it is not one. */
function valueAt(samples: Int16Array, fromMs: number, untilMs: number): number | undefined {
  const part = samples.subarray(fromMs * 8, untilMs * 8)
  return part.every((sample) => sample === part[0]) ? part[0] : undefined
}

test('each direction is in its own file, both exactly as long as the recording was', async () => {
  const one = testWriter()
  one.talk(1_000, 111, 222)
  one.talk(1_000, undefined, 333)
  one.talk(1_000, 444)
  one.clock.advance(2_510)
  assert.deepEqual(one.end(), { type: 'ended', key: 1, durationMs: 5_510, issue: undefined })
  const { heard, spoken } = await one.read()
  assert.equal(heard.length, 5_510 * 8)
  assert.equal(spoken.length, 5_510 * 8)
  assert.equal(valueAt(heard, 0, 1_000), 111)
  assert.equal(valueAt(heard, 1_000, 2_000), 0)
  assert.equal(valueAt(heard, 2_000, 3_000), 444)
  assert.equal(valueAt(heard, 3_000, 5_510), 0)
  assert.equal(valueAt(spoken, 0, 1_000), 222)
  assert.equal(valueAt(spoken, 1_000, 2_000), 333)
  assert.equal(valueAt(spoken, 2_000, 5_510), 0)
})

test('at every second the files on the disk are whole WAV files of all that was said until then', async () => {
  const one = testWriter()
  for (let second = 1; second <= 4; second++) {
    one.talk(1_000, 100 + second, 200 + second)
    const { heard, spoken } = await one.read()
    assert.equal(heard.length, second * 8_000)
    assert.equal(spoken.length, second * 8_000)
    assert.equal(valueAt(heard, second * 1_000 - 1_000, second * 1_000 - 20), 100 + second)
  }
  one.end()
})

test('a file that is there already is never touched, and neither is its pair made', async () => {
  for (const taken of ['in', 'out'] as const) {
    const paths = { in: join(folder, `taken-${taken}_in.wav`), out: join(folder, `taken-${taken}_out.wav`) }
    await writeFile(paths[taken], 'mine')
    const said: FromWriter[] = []
    const writer = new RecordingWriter({ clock: new ManualClock(), files: diskFiles, post: (m) => said.push(m) })
    writer.handle({ type: 'begin', key: 3, paths, memory: makeRingMemory(), startMs: undefined })
    assert.deepEqual(said, [{ type: 'ended', key: 3, durationMs: 0, issue: 'exists' }])
    assert.equal(await readFile(paths[taken], 'utf8'), 'mine')
    await assert.rejects(stat(paths[taken === 'in' ? 'out' : 'in']), { code: 'ENOENT' })
  }
})

test('a folder that is not there is said to be not writable', () => {
  const said: FromWriter[] = []
  const writer = new RecordingWriter({ clock: new ManualClock(), files: diskFiles, post: (m) => said.push(m) })
  const paths = { in: join(folder, 'nowhere', 'a.wav'), out: join(folder, 'nowhere', 'b.wav') }
  writer.handle({ type: 'begin', key: 3, paths, memory: makeRingMemory(), startMs: undefined })
  assert.deepEqual(said, [{ type: 'ended', key: 3, durationMs: 0, issue: 'not_writable' }])
})

test('a disk that is full ends the recording; what fitted is readable and equally long on both sides', async () => {
  let room = 60_000
  const one = testWriter({
    write(file, octets, offset, count, position) {
      if (position > 0 && room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      const taken = position === 0 ? count : Math.min(count, room)
      if (position > 0) room -= taken
      return diskFiles.write(file, octets, offset, taken, position)
    },
  })
  one.talk(6_000, 5, 6)
  const ended = one.said.at(-1)
  assert.ok(ended?.type === 'ended' && ended.issue === 'disk_full')
  assert.ok(ended.durationMs >= 900 && ended.durationMs < 3_000, String(ended.durationMs))
  assert.equal(one.said.filter(({ type }) => type === 'ended').length, 1)
  const { heard, spoken } = await one.read()
  assert.equal(heard.length, ended.durationMs * 8)
  assert.equal(spoken.length, heard.length)
})

test('a disk that fails one recording leaves the others alone', async () => {
  let broken = -1
  const clock = new ManualClock()
  const said: FromWriter[] = []
  const files: RecordingFiles = {
    ...diskFiles,
    write(file, octets, offset, size, position) {
      if (file === broken && position > 0) throw Object.assign(new Error('I/O'), { code: 'EIO' })
      return diskFiles.write(file, octets, offset, size, position)
    },
    create(path) {
      const file = diskFiles.create(path)
      if (path.includes('bad_in')) broken = file
      return file
    },
  }
  const writer = new RecordingWriter({ clock, files, post: (message) => said.push(message) })
  for (const [key, name] of [
    [1, 'bad'],
    [2, 'good'],
  ] as const) {
    const paths = { in: join(folder, `${name}_in.wav`), out: join(folder, `${name}_out.wav`) }
    writer.handle({ type: 'begin', key, paths, memory: makeRingMemory(), startMs: undefined })
  }
  clock.advance(2_000)
  assert.deepEqual(said.slice(2), [{ type: 'ended', key: 1, durationMs: 0, issue: 'failed' }])
  writer.handle({ type: 'end', key: 2, atMs: clock.monotonicMs() })
  assert.deepEqual(said.at(-1), { type: 'ended', key: 2, durationMs: 2_000, issue: undefined })
})

test('sound that found no room while the disk stood still is silence at its place, and the recording is marked', async () => {
  let stallMs = 0
  const one = testWriter({
    sync(file) {
      // a real disk holds up the thread: all that time passes within one call
      const held = stallMs
      stallMs = 0
      one.talk(held, 8_088, 9_099, 'held')
      diskFiles.sync(file)
    },
  })
  one.talk(4_900, 1_011, 2_022)
  stallMs = 20_000
  one.talk(5_000, 3_033, 4_044)
  const ended = one.end()
  assert.ok(ended?.type === 'ended' && ended.issue === 'stalled')
  const { heard, spoken } = await one.read()
  assert.equal(heard.length, spoken.length)
  assert.equal(heard.length, ended.durationMs * 8)
  assert.equal(valueAt(heard, 0, 4_900), 1_011)
  const stalledAt = heard.indexOf(8_088) / 8
  assert.equal(valueAt(heard, stalledAt, stalledAt + 6_000), 8_088, 'what the ring held')
  assert.equal(valueAt(heard, stalledAt + 9_000, stalledAt + 20_000), 0)
  assert.equal(valueAt(heard, stalledAt + 20_020, stalledAt + 24_000), 3_033)
  assert.equal(spoken.indexOf(4_044), heard.indexOf(3_033))
})

test('a writer that crashed goes on in the same files, and nothing is lost or moved', async () => {
  const one = testWriter()
  one.talk(3_500, 10, 20)
  const started = one.said.filter(({ type }) => type === 'started')
  one.restart()
  one.talk(2_500, 30, 40)
  assert.deepEqual(one.said.filter(({ type }) => type === 'started')[1], started[0])
  assert.deepEqual(one.end(), { type: 'ended', key: 1, durationMs: 6_000, issue: undefined })
  const { heard, spoken } = await one.read()
  assert.equal(valueAt(heard, 0, 3_500), 10)
  assert.equal(valueAt(heard, 3_500, 6_000), 30)
  assert.equal(valueAt(spoken, 0, 3_500), 20)
  assert.equal(valueAt(spoken, 3_500, 6_000), 40)
})

test('both files are as long as the recording, whatever comes, stays away or crashes', async () => {
  const step = fc.record({
    ms: fc.integer({ min: 1, max: 150 }).map((n) => n * 20),
    heard: fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: undefined }),
    spoken: fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: undefined }),
    crashes: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.integer({ min: 0, max: 999 }), async (steps, restMs) => {
      const one = testWriter()
      let totalMs = restMs
      for (const { ms, heard, spoken, crashes } of steps) {
        one.talk(ms, heard, spoken)
        totalMs += ms
        if (crashes) one.restart()
      }
      one.clock.advance(restMs)
      assert.deepEqual(one.end(), { type: 'ended', key: 1, durationMs: totalMs, issue: undefined })
      const { heard, spoken } = await one.read()
      assert.deepEqual([heard.length, spoken.length], [totalMs * 8, totalMs * 8])
    }),
    { numRuns: 30 },
  )
})

test('a recording whose end is told late ends when it was wanted to end', async () => {
  const one = testWriter()
  one.talk(2_000, 10, 20)
  const endMs = one.clock.monotonicMs()
  one.talk(3_000, 30, 40)
  assert.deepEqual(one.end(endMs), { type: 'ended', key: 1, durationMs: 2_000, issue: undefined })
  const { heard, spoken } = await one.read()
  assert.equal(heard.length, 16_000)
  assert.equal(spoken.length, 16_000)
  assert.ok(!heard.includes(30) && !spoken.includes(40))
})

test('files that were cut off at any octet are repaired, readable and equally long', async () => {
  const one = testWriter()
  one.talk(300, 10, 20)
  one.end()
  const [wholeIn, wholeOut] = [await readFile(one.paths.in), await readFile(one.paths.out)]
  const cut = fc.integer({ min: 0, max: wholeIn.length })
  await fc.assert(
    fc.asyncProperty(cut, cut, fc.boolean(), async (inBytes, outBytes, oldHeader) => {
      const paths = { in: join(folder, 'cut_in.wav'), out: join(folder, 'cut_out.wav') }
      const [heard, spoken] = [Buffer.from(wholeIn.subarray(0, inBytes)), Buffer.from(wholeOut.subarray(0, outBytes))]
      if (oldHeader && heard.length >= 44) heard.writeUInt32LE(0, 40)
      await writeFile(paths.in, heard)
      await writeFile(paths.out, spoken)
      const longest = Math.floor(Math.max(0, inBytes - 44, outBytes - 44) / 2)
      const repaired = { durationMs: Math.round(longest / 8) }
      assert.deepEqual(await repairPair(paths.in, paths.out), repaired)
      const after = [await readFile(paths.in), await readFile(paths.out)]
      for (const file of after) {
        assert.equal(file.length, 44 + longest * 2)
        assert.equal(file.readUInt32LE(40), longest * 2)
        assert.equal(file.readUInt32LE(4), file.length - 8)
        if (longest > 0) assert.equal(decodeWav(file).length, longest)
      }
      const kept = Math.floor(Math.max(0, inBytes - 44) / 2)
      assert.ok(after[0]?.subarray(44, 44 + kept * 2).equals(wholeIn.subarray(44, 44 + kept * 2)))
      assert.ok(after[0]?.subarray(44 + kept * 2).every((octet) => octet === 0))
      assert.deepEqual(await repairRecording(paths.in), repaired)
      assert.ok((await readFile(paths.in)).equals(after[0] as Buffer))
    }),
    { numRuns: 60 },
  )
})

test('a pair of which only one file was made is repaired; a file that is no recording is left alone', async () => {
  const paths = { in: join(folder, 'alone_in.wav'), out: join(folder, 'alone_out.wav') }
  await assert.rejects(repairPair(paths.in, paths.out), { code: 'ENOENT' })
  const one = testWriter()
  one.talk(500, 10, 20)
  one.end()
  await writeFile(paths.in, await readFile(one.paths.in))
  assert.deepEqual(await repairPair(paths.in, paths.out), { durationMs: 500 })
  assert.deepEqual(decodeWav(await readFile(paths.out)), new Int16Array(4_000))
  await writeFile(paths.in, 'a letter to a friend')
  await assert.rejects(repairRecording(paths.in), /not a recording/)
  assert.equal(await readFile(paths.in, 'utf8'), 'a letter to a friend')
})

test('a ring gives back what was pushed, in order, and says what it could not take', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_600 }), { minLength: 1, maxLength: 400 }), (counts) => {
      const memory = makeRingMemory()
      const [pushing, reading] = [new FrameRing(memory), new FrameRing(memory)]
      const frame = { direction: FrameDirection.in, ssrc: 0, timestamp: 0, at: 0, samples: new Int16Array(0) }
      let waiting: number[] = []
      let lost = 0
      for (const [n, size] of counts.entries()) {
        const taken = pushing.push(FrameDirection.out, 4_000_000_000, n, n * 2, new Int16Array(size).fill(n), size)
        if (taken) waiting.push(n)
        else lost++
        if (n % 90 !== 89) continue
        for (const expected of waiting) {
          assert.ok(reading.read(frame))
          assert.deepEqual([frame.ssrc, frame.timestamp, frame.at], [4_000_000_000, expected, expected * 2])
          assert.equal(frame.samples.length, counts[expected])
          assert.ok(frame.samples.every((sample) => sample === expected))
        }
        assert.ok(!reading.read(frame))
        reading.release()
        waiting = []
      }
      assert.equal(reading.lost, lost)
    }),
    { numRuns: 50 },
  )
})
