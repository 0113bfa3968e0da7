import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineVerdict } from './judge.ts'
import { MachineDetector } from './machine-detector.ts'

const RATE = 8_000

/** A stretch of sound: so long, so loud (of full scale), of this kind. */
type Stretch = [seconds: number, kind: 'silence' | 'voice' | 'tone' | 'noise', loud?: number]

/** What the detector says, and after how many seconds; `undefined` = nothing by the end. */
function hear(...stretches: Stretch[]): { verdict: MachineVerdict; atS: number } | undefined {
  let heard: { verdict: MachineVerdict; atS: number } | undefined
  let samples = 0
  const detector = new MachineDetector((verdict) => {
    assert.equal(heard, undefined, 'the verdict is told once')
    heard = { verdict, atS: samples / RATE }
  })
  const frame = new Int16Array(160)
  for (const [seconds, kind, loud = 0.2] of stretches)
    for (let end = samples + seconds * RATE; samples < end; ) {
      for (let i = 0; i < frame.length; i++) frame[i] = 32_767 * loud * sampleOf(kind, samples + i)
      samples += frame.length
      detector.listen(frame, frame.length)
    }
  return heard
}

/** Voice: a buzz whose loudness rises and falls four times a second, as syllables do. */
function sampleOf(kind: Stretch[1], at: number): number {
  const seconds = at / RATE
  switch (kind) {
    case 'silence':
      return 0
    case 'tone':
      return Math.sin(2 * Math.PI * 1_000 * seconds)
    case 'noise':
      return ((Math.imul(at + 1, 2_654_435_761) >>> 8) % 2_000) / 1_000 - 1
    case 'voice': {
      const buzz =
        [1, 2, 3, 5, 8].reduce((sum, harmonic) => sum + Math.sin(2 * Math.PI * 130 * harmonic * seconds), 0) / 5
      return buzz * (0.55 + 0.45 * Math.sin(2 * Math.PI * 4 * seconds))
    }
  }
}

test('who says hello and waits is a person', () => {
  const heard = hear([0.5, 'silence'], [0.6, 'voice'], [3, 'silence'])
  assert.deepEqual(heard?.verdict, { status: 'HUMAN', cause: 'short_greeting' })
  assert.ok((heard?.atS ?? 9) < 2.4, 'a person is not kept waiting')
})

test('two words with a breath between them are still one person', () =>
  assert.equal(
    hear([0.3, 'silence'], [0.5, 'voice'], [0.5, 'silence'], [0.6, 'voice'], [2, 'silence'])?.verdict.status,
    'HUMAN',
  ))

test('who speaks on is a machine, and is known while it speaks', () => {
  const heard = hear([0.5, 'silence'], [10, 'voice'])
  assert.deepEqual(heard?.verdict, { status: 'MACHINE', cause: 'long_greeting' })
  assert.ok((heard?.atS ?? 9) < 4)
})

test('sentences with pauses between them are a machine', () =>
  assert.equal(hear([1.5, 'voice'], [0.6, 'silence'], [1.5, 'voice'])?.verdict.cause, 'long_greeting'))

test('a beep is a machine, a key is none', () => {
  assert.deepEqual(hear([1, 'silence'], [0.5, 'tone'])?.verdict, { status: 'MACHINE', cause: 'tone' })
  assert.equal(hear([0.3, 'silence'], [0.1, 'tone'], [2, 'silence'])?.verdict.status, 'HUMAN')
})

test('noise is no voice: a person on a noisy line is a person', () => {
  const noisy = hear([0.5, 'noise', 0.004], [0.6, 'voice'], [3, 'noise', 0.004])
  assert.equal(noisy?.verdict.status, 'HUMAN')
})

test('nobody who speaks is not guessed at', () => {
  const heard = hear([9, 'silence'])
  assert.deepEqual(heard?.verdict, { status: 'NOTSURE', cause: 'silence' })
  assert.ok((heard?.atS ?? 9) < 4)
  assert.deepEqual(hear([9, 'noise', 0.002])?.verdict.status, 'NOTSURE')
})

test('a click is no greeting', () =>
  assert.equal(hear([1, 'silence'], [0.04, 'voice'], [3, 'silence'])?.verdict.cause, 'silence'))

test('whatever is heard, a verdict comes within six seconds', () => {
  for (const kind of ['silence', 'voice', 'tone', 'noise'] as const)
    for (const loud of [0.001, 0.01, 0.1, 1]) assert.ok((hear([7, kind, loud])?.atS ?? 9) <= 6.02, `${kind} ${loud}`)
})
