import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JitterBuffer, type JitterPolicy } from './jitter-buffer.ts'

interface Arrival {
  atMs: number
  timestamp: number
  samples: Int16Array
}

/** Sample n of the stream is a number that says n: what comes out can be followed back. Never silent. */
const voice = (from: number, count: number) =>
  Int16Array.from({ length: count }, (_, n) => 1_000 + ((from + n) % 20_011))

/** Every packet of a stream, as it arrives. */
function stream(packets: number, delayMs: (n: number) => number, samples = 160, make = voice): Arrival[] {
  return Array.from({ length: packets }, (_, n) => ({
    atMs: n * (samples / 8) + delayMs(n),
    timestamp: (0xffff_f000 + n * samples) >>> 0,
    samples: make(n * samples, samples),
  })).sort((a, b) => a.atMs - b.atMs)
}

/** Plays arrivals out in ticks of 20 ms. */
function play(buffer: JitterBuffer, arrivals: readonly Arrival[], afterMs = 400): Int16Array {
  const out: number[] = []
  const frame = new Int16Array(160)
  let next = 0
  const endMs = (arrivals[arrivals.length - 1]?.atMs ?? 0) + afterMs
  for (let nowMs = 0; nowMs < endMs; nowMs += 20) {
    for (; next < arrivals.length && (arrivals[next]?.atMs ?? 0) <= nowMs; next++) {
      const arrival = arrivals[next] as Arrival
      buffer.put(arrival.timestamp, arrival.samples, arrival.samples.length)
    }
    buffer.read(frame, 160)
    out.push(...frame)
  }
  return Int16Array.from(out)
}

/** What is heard from the first sound on. */
const sound = (out: Int16Array) => out.subarray(out.findIndex((sample) => sample !== 0))

/** Where a stretch of sound begins in what was heard; fails where it is nowhere whole. */
function find(out: Int16Array, wanted: Int16Array): number {
  for (let at = out.indexOf(wanted[0] as number); at >= 0; at = out.indexOf(wanted[0] as number, at + 1)) {
    if (out[at + wanted.length - 1] !== wanted[wanted.length - 1]) continue
    if (wanted.every((sample, n) => sample === out[at + n])) return at
  }
  return assert.fail('this stretch was not heard as it was sent')
}

test('within the delay, whatever order and doubling packets come in, every sample is played once, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 28 }), { minLength: 60, maxLength: 60 }),
      fc.constantFrom(80, 160, 240),
      (delays, samples) => {
        const arrivals = stream(60, (n) => (n === 0 ? 0 : (delays[n] ?? 0)), samples)
        const doubled = arrivals.flatMap((arrival, n) => (n % 7 === 0 ? [arrival, arrival] : [arrival]))
        const heard = sound(play(new JitterBuffer(), doubled))
        assert.deepEqual(heard.subarray(0, 60 * samples), voice(0, 60 * samples))
      },
    ),
    { numRuns: 100 },
  )
})

test('a lost packet is one gap of its own length; everything else stays in its place', () => {
  const arrivals = stream(20, () => 0).filter((_, n) => n !== 10)
  const buffer = new JitterBuffer()
  const heard = sound(play(buffer, arrivals))
  const wanted = voice(0, 3_200)
  assert.deepEqual(heard.subarray(0, 1_600), wanted.subarray(0, 1_600))
  assert.deepEqual(heard.subarray(1_760, 3_200), wanted.subarray(1_760))
  assert.equal(buffer.concealed, 160)
})

test('a stream that runs dry and comes late is played later, not lost, up to 200 ms', () => {
  const buffer = new JitterBuffer()
  const heard = play(
    buffer,
    stream(100, (n) => (n < 20 ? 0 : 120)),
  )
  assert.equal(buffer.late, 0)
  find(heard, voice(30 * 160, 70 * 160))
  assert.ok(buffer.delayMs <= 200)
})

test('the delay never grows beyond 200 ms, whatever arrives', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 150, maxLength: 150 }), (delays) => {
      const buffer = new JitterBuffer()
      const frame = new Int16Array(160)
      const arrivals = stream(150, (n) => delays[n] ?? 0)
      let next = 0
      for (let nowMs = 0; nowMs < 4_000; nowMs += 20) {
        for (; next < arrivals.length && (arrivals[next]?.atMs ?? 0) <= nowMs; next++) {
          const arrival = arrivals[next] as Arrival
          buffer.put(arrival.timestamp, arrival.samples, 160)
        }
        buffer.read(frame, 160)
        assert.ok(buffer.delayMs <= 220, `${buffer.delayMs} ms`)
      }
    }),
    { numRuns: 50 },
  )
})

/** Two seconds of voice, one of quiet. */
const talk = (from: number, count: number) => ((from / 8_000) % 3 < 2 ? voice(from, count) : new Int16Array(count))

test('a sender whose clock runs fast or slow is absorbed in silence: nothing is lost in ten minutes', () => {
  for (const parts of [1.0003, 0.9997]) {
    const buffer = new JitterBuffer()
    const packets = stream(30_000, (n) => n * 20 * (parts - 1), 160, talk)
    const frame = new Int16Array(160)
    let next = 0
    for (let nowMs = 0; nowMs < 600_000; nowMs += 20) {
      for (; next < packets.length && (packets[next]?.atMs ?? 0) <= nowMs; next++) {
        const arrival = packets[next] as Arrival
        buffer.put(arrival.timestamp, arrival.samples, 160)
      }
      buffer.read(frame, 160)
      if (nowMs > 10_000) assert.ok(buffer.delayMs <= 120, `${buffer.delayMs} ms at ${nowMs}`)
    }
    assert.ok(buffer.adjusted >= 5, 'the drift is nine frames long')
    assert.equal(buffer.late, 0)
    assert.ok(buffer.concealed <= 320, String(buffer.concealed))
  }
})

test('DTX: sound after a long pause is played as before', () => {
  const arrivals = stream(300, () => 0).filter((_, n) => n < 50 || n >= 250)
  const heard = play(new JitterBuffer(), arrivals)
  assert.equal(find(heard, voice(250 * 160, 50 * 160)) - find(heard, voice(0, 50 * 160)), 250 * 160)
})

test('a sender that starts a new timeline is heard again after three packets', () => {
  const buffer = new JitterBuffer()
  const before = stream(20, () => 0)
  const after = stream(20, () => 0).map(({ atMs, timestamp, samples }) => ({
    atMs: atMs + 400,
    timestamp: (timestamp + 1_000_000_000) >>> 0,
    samples,
  }))
  find(play(buffer, [...before, ...after]), voice(320, 160 * 18))
})

test('a sender whose timestamps stood still while it paused is heard again, however long the pause was', () => {
  for (const pauseMs of [100, 250, 400, 700, 5_000]) {
    const packets = stream(60, (n) => (n < 20 ? 0 : pauseMs))
    find(play(new JitterBuffer(), packets), voice(23 * 160, 37 * 160))
  }
})

/** The least delay that ticks of 20 ms allow. */
const EAGER: JitterPolicy = { startMs: 20, longestMs: 200, growBelow: 8, shrinkAbove: 192, shrinkTo: 32, patience: 3 }

for (const [what, make, seconds] of [
  ['in the next silence', talk, 5],
  ['after a while where nobody pauses', voice, 12],
] as const) {
  test(`delay that a stall of the network brought goes again ${what}`, () => {
    const buffer = new JitterBuffer(EAGER)
    const packets = stream(seconds * 50, (n) => (n >= 20 && n < 25 ? 490 - n * 20 : 1), 160, make)
    const frame = new Int16Array(160)
    let next = 0
    let longestMs = 0
    for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += 20) {
      for (; next < packets.length && (packets[next]?.atMs ?? 0) <= nowMs; next++) {
        const { timestamp, samples, atMs } = packets[next] as Arrival
        buffer.put(timestamp, samples, 160, (nowMs - atMs) * 8, 160)
      }
      buffer.read(frame, 160)
      longestMs = Math.max(longestMs, buffer.delayMs)
    }
    assert.ok(longestMs >= 80, String(longestMs))
    assert.ok(buffer.delayMs <= 40, String(buffer.delayMs))
  })
}
