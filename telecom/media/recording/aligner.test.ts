import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Aligner } from './aligner.ts'
import type { Frame } from './frame-ring.ts'

const FRAME = 160
const SECOND = 8_000

/** One frame on the wire: what it holds, where that was spoken by our clock, and when it arrives. */
interface Sent {
  frame: Frame
  spokenAt: number
}

interface Voice {
  seconds: number
  /** Parts per million that the phone's clock is faster than ours. */
  driftPpm?: number
  /** Largest extra delay of a packet, in samples; `random` gives 0 to 1. */
  jitter?: number
  random?: () => number
  /** Part of the packets that never arrive. */
  loss?: number
  /** Silence is not sent. */
  dtx?: boolean
  /** Seconds of talking and silence in turn. */
  talk?: number
  pause?: number
  /** What pauses are filled with, below 1,000. */
  noise?: number
  /** At these seconds the stream changes its SSRC, or its timestamps jump. */
  newSsrcAt?: number
  jumpAt?: number
}

/** What a phone sends, in the order of arrival. Each voiced frame is filled with a value of its own. */
function speak(voice: Voice): Sent[] {
  const { seconds, driftPpm = 0, jitter = 0, random = Math.random, loss = 0, talk = 1, pause = 1, noise = 0 } = voice
  const sent: Sent[] = []
  const frames = Math.floor((seconds * SECOND) / FRAME)
  for (let n = 0; n < frames; n++) {
    const spokenAt = Math.round((n * FRAME) / (1 + driftPpm / 1e6)) + 2_000
    const second = (n * FRAME) / SECOND
    const voiced = pause === 0 || second % (talk + pause) < talk
    if ((voice.dtx && !voiced) || random() < loss) continue
    const ssrc = voice.newSsrcAt !== undefined && second >= voice.newSsrcAt ? 2 : 1
    const jump = voice.jumpAt !== undefined && second >= voice.jumpAt ? 77_777_777 : 0
    sent.push({
      spokenAt,
      frame: {
        direction: 0,
        ssrc,
        timestamp: (4_294_960_000 + n * FRAME + jump) >>> 0,
        at: Math.round(spokenAt + FRAME + random() * jitter),
        samples: new Int16Array(FRAME).fill(voiced ? 1_000 + (n % 30_000) : noise),
      },
    })
  }
  return sent.sort((a, b) => a.frame.at - b.frame.at)
}

/** Runs what was sent through an aligner; gives what is on the timeline then. */
function align(sent: readonly Sent[], seconds: number): Int16Array {
  const track = new Int16Array((seconds + 2) * SECOND)
  const aligner = new Aligner((position, samples) => {
    for (const [i, sample] of samples.entries()) if (position + i >= 0) track[position + i] = sample
  })
  for (const { frame } of sent) aligner.put(frame)
  aligner.finish()
  return track
}

/** How far each voiced frame lies from where it was spoken, in samples; `undefined` = it is nowhere. */
function errors(track: Int16Array, sent: readonly Sent[], from = 0): (number | undefined)[] {
  const found = new Map<number, number>()
  for (let at = track.length - 1; at >= from; at--)
    if ((track[at] as number) >= 1_000) found.set(track[at] as number, at)
  return sent
    .filter(({ frame }) => (frame.samples[0] as number) >= 1_000)
    .map(({ frame, spokenAt }) => {
      const at = found.get(frame.samples[0] as number)
      return at === undefined ? undefined : at - spokenAt
    })
}

const worst = (list: readonly (number | undefined)[]) => Math.max(...list.map((error) => Math.abs(error ?? 0)))
const missing = (list: readonly (number | undefined)[]) => list.filter((error) => error === undefined).length

test('what arrives in time lies exactly where it was spoken, and timestamps may wrap', () => {
  const sent = speak({ seconds: 10 })
  const found = errors(align(sent, 10), sent)
  assert.equal(worst(found), 0)
  assert.equal(missing(found), 0)
})

test('lost packets and silence that is not sent leave silence of their length', () => {
  const sent = speak({ seconds: 20, loss: 0.3, dtx: true })
  const found = errors(align(sent, 20), sent)
  assert.equal(worst(found), 0)
  assert.equal(missing(found), 0)
})

test('jitter, disorder, loss, drift, a new SSRC and a jump of timestamps: every frame within 40 ms of its time', () => {
  fc.assert(
    fc.property(
      fc.record({
        driftPpm: fc.integer({ min: -1_000, max: 1_000 }),
        jitter: fc.integer({ min: 0, max: 240 }),
        loss: fc.double({ min: 0, max: 0.2, noNaN: true }),
        dtx: fc.boolean(),
        talk: fc.integer({ min: 1, max: 4 }),
        pause: fc.integer({ min: 1, max: 3 }),
        newSsrcAt: fc.option(fc.integer({ min: 2, max: 25 }), { nil: undefined }),
        jumpAt: fc.option(fc.integer({ min: 2, max: 25 }), { nil: undefined }),
        seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
      }),
      ({ seed, newSsrcAt, jumpAt, ...voice }) => {
        const changes = { ...(newSsrcAt !== undefined && { newSsrcAt }), ...(jumpAt !== undefined && { jumpAt }) }
        const sent = speak({ ...voice, ...changes, seconds: 30, random: seeded(seed) })
        const found = errors(align(sent, 30), sent)
        assert.ok(worst(found) <= 320, `worst ${worst(found)}`)
        assert.ok(missing(found) <= 3, `missing ${missing(found)} of ${found.length}`)
      },
    ),
    { numRuns: 60 },
  )
})

test('after an hour a clock that is 200 millionths off is still within 40 ms, whichever way', () => {
  for (const driftPpm of [200, -200]) {
    const seconds = 3_600
    const sent = speak({ seconds, driftPpm, talk: 5, pause: 2, jitter: 80, random: seeded(7) })
    const recentFrom = (seconds - 500) * SECOND
    const recent = sent.filter(({ spokenAt }) => spokenAt > recentFrom)
    const found = errors(align(sent, seconds), recent, recentFrom - SECOND)
    assert.ok(worst(found.slice(0, -1)) <= 320, `${driftPpm}: worst ${worst(found)}`)
    assert.ok(missing(found) < 5)
  }
})

test('in a noisy room the pauses are found all the same: a drifting clock costs no word', () => {
  for (const driftPpm of [300, -300]) {
    const sent = speak({ seconds: 500, driftPpm, talk: 4, pause: 1, noise: 190 })
    const found = errors(align(sent, 500), sent)
    assert.ok(worst(found) <= 160, `${driftPpm}: worst ${worst(found)}`)
    assert.equal(missing(found), 0)
  }
})

test('a clock that drifts is followed without any silence too', () => {
  for (const driftPpm of [300, -300]) {
    const sent = speak({ seconds: 500, driftPpm, pause: 0 })
    const found = errors(align(sent, 500), sent)
    assert.ok(worst(found) <= 360, `${driftPpm}: worst ${worst(found)}`)
    assert.ok(missing(found) <= 15, `missing ${missing(found)}`)
  }
})

test('a phone whose timestamps stood still while it was on hold is taken at its new time, nothing of it lost', () => {
  const sent = speak({ seconds: 30, pause: 0 })
  const paused = sent
    .filter((_, n) => n < 500 || n >= 1_000)
    .map((one, n) =>
      n < 500 ? one : { ...one, frame: { ...one.frame, timestamp: one.frame.timestamp - 500 * FRAME } },
    )
  const found = errors(align(paused, 30), paused)
  assert.equal(worst(found), 0)
  assert.equal(missing(found), 0)
})

test('two seconds that the network held back and then delivered at once shift nothing that follows', () => {
  const sent = speak({ seconds: 20, pause: 0 })
  const held = sent.map((one, n) =>
    n < 300 || n >= 400 ? one : { ...one, frame: { ...one.frame, at: (sent[400] as Sent).frame.at } },
  )
  const found = errors(align(held, 20), held)
  assert.equal(worst(found), 0)
  assert.ok(missing(found) <= 80, `missing ${missing(found)}`)
})

test('a network that is congested for three seconds shifts nothing', () => {
  const sent = speak({ seconds: 30, talk: 2, pause: 1 })
  const slow = sent.map((one, n) =>
    n < 300 || n >= 450 ? one : { ...one, frame: { ...one.frame, at: one.frame.at + 1_600 } },
  )
  const found = errors(align(slow, 30), slow)
  assert.equal(worst(found), 0)
  assert.equal(missing(found), 0)
})

/** Foreseeable randomness (Park–Miller). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
