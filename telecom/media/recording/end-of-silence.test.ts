import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ManualClock } from '#platform/time'
import { decodeWav } from '../wav/read-wav.ts'
import { FrameDirection, FrameRing, makeRingMemory } from './frame-ring.ts'
import { diskFiles } from './recording-files.ts'
import { RecordingWriter } from './recording-writer.ts'
import type { FromWriter } from './writer-protocol.ts'

const folder = mkdtempSync(join(tmpdir(), 'silence-'))
after(() => rmSync(folder, { recursive: true }))
const LOUD = 3_000
const NOISE = 60
let count = 0

/** A recording that ends after two seconds of silence; `talk` lets time pass with frames of these magnitudes. */
function recording(endOfSilenceMs?: number) {
  const clock = new ManualClock()
  const said: FromWriter[] = []
  const writer = new RecordingWriter({ clock, files: diskFiles, post: (message) => said.push(message) })
  const name = join(folder, `r${count++}`)
  const paths = { in: `${name}_in.wav`, out: `${name}_out.wav`, ...(endOfSilenceMs ? { endOfSilenceMs } : {}) }
  const memory = makeRingMemory()
  const ring = new FrameRing(memory)
  writer.handle({ type: 'begin', key: 1, paths, memory, startMs: undefined })
  const startMs = clock.monotonicMs()
  let timestamp = 0
  const talk = (ms: number, heard?: number, spoken?: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      clock.advance(20)
      timestamp += 160
      const at = (clock.monotonicMs() - startMs) * 8
      const frame = (value: number) => new Int16Array(160).map((_, n) => (n % 2 === 0 ? value : -value))
      if (heard !== undefined) ring.push(FrameDirection.in, 1, timestamp, at, frame(heard), 160)
      if (spoken !== undefined) ring.push(FrameDirection.out, 2, timestamp, at, frame(spoken), 160)
    }
  }
  const ended = () => said.find((message) => message.type === 'ended')
  return { paths, talk, ended }
}

test('a recording ends by itself when both sides were silent for so long, and is as long as that', () => {
  const { paths, talk, ended } = recording(2_000)
  talk(1_000, LOUD, NOISE)
  talk(1_500, NOISE, NOISE)
  assert.equal(ended(), undefined)
  talk(2_000, NOISE, NOISE)
  assert.deepEqual(ended(), { type: 'ended', key: 1, durationMs: 3_000, issue: undefined })
  for (const path of [paths.in, paths.out]) assert.equal(decodeWav(readFileSync(path)).length, 24_000)
})

test('either side that speaks keeps it going', () => {
  const { talk, ended } = recording(2_000)
  for (let turn = 0; turn < 4; turn++) {
    talk(1_500, NOISE, NOISE)
    talk(100, turn % 2 ? LOUD : NOISE, turn % 2 ? NOISE : LOUD)
  }
  assert.equal(ended(), undefined)
})

test('a phone that sends nothing at all is silent', () => {
  const { talk, ended } = recording(2_000)
  talk(4_000)
  assert.deepEqual(ended(), { type: 'ended', key: 1, durationMs: 2_000, issue: undefined })
})

test('without the wish silence ends nothing', () => {
  const { talk, ended } = recording()
  talk(10_000, NOISE)
  assert.equal(ended(), undefined)
})
