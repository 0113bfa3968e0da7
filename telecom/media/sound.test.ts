import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeAlaw, decodeUlaw, levelAt, readWavFile, sine, wavFile } from '#testkit'
import { codecs } from './codecs/index.ts'
import { InbandDetector } from './dtmf/inband-detector.ts'
import { keyTones } from './dtmf/keys.ts'
import { decodeWav, toTelephoneWav, WavError, writeWav } from './index.ts'
import { SoundLibrary } from './prompt/sound-library.ts'
import { Resampler } from './resampler.ts'
import { Tone } from './tone.ts'

/** The same file with another format chunk and body. */
function wavOf(body: Buffer, form: { tag: number; bits: number; rate?: number; channels?: number }): Buffer {
  const { tag, bits, rate = 8_000, channels = 1 } = form
  const head = wavFile(new Int16Array(0)).subarray(0, 44)
  head.writeUInt16LE(tag, 20)
  head.writeUInt16LE(channels, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt16LE((bits / 8) * channels, 32)
  head.writeUInt16LE(bits, 34)
  head.writeUInt32LE(body.length, 40)
  return Buffer.concat([head, body])
}

test('every G.711 octet decodes as the recommendation says and comes back as itself', () => {
  const octets = Uint8Array.from({ length: 256 }, (_, n) => n)
  const samples = new Int16Array(256)
  const again = new Uint8Array(256)
  for (const [name, reference] of [
    ['PCMU', decodeUlaw],
    ['PCMA', decodeAlaw],
  ] as const) {
    codecs[name].decode(octets, 0, 256, samples)
    assert.deepEqual(samples, reference(octets))
    codecs[name].encode(samples, 0, 256, again, 0)
    for (let n = 0; n < 256; n++) {
      // µ-law has two zeroes; everything else is exact
      if (name === 'PCMU' && n === 0x7f) assert.equal(again[n], 0xff)
      else assert.equal(again[n], n, `${name} ${n}`)
    }
  }
})

test('G.711 is never further from the sample than half a step of its segment', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -32_768, max: 32_767 }),
      fc.constantFrom('PCMU' as const, 'PCMA' as const),
      (sample, name) => {
        const octet = new Uint8Array(1)
        const back = new Int16Array(1)
        codecs[name].encode(Int16Array.of(sample), 0, 1, octet, 0)
        codecs[name].decode(octet, 0, 1, back)
        const allowed = Math.max(16, Math.abs(sample) / 24)
        assert.ok(
          Math.abs((back[0] as number) - sample) <= allowed + 660 * Number(Math.abs(sample) > 32_000),
          `${sample} ${back[0]}`,
        )
      },
    ),
    { numRuns: 20_000 },
  )
})

test('a tone of any rate arrives at its height and strength, and nothing folds down from above the band', () => {
  for (const rate of [6_000, 11_025, 16_000, 22_050, 44_100, 48_000, 47_999]) {
    const telephone = decodeWav(wavFile(sine([440, 2_000], 500, 8_000, rate), rate))
    assert.ok(Math.abs(telephone.length - 4_000) <= 1, `${rate}: ${telephone.length}`)
    const middle = telephone.subarray(400, 3_600)
    assert.ok(Math.abs(levelAt(middle, 440) - 8_000) < 120, `${rate} Hz: ${levelAt(middle, 440)}`)
    assert.ok(Math.abs(levelAt(middle, 2_000) - 8_000) < 120, `${rate} Hz: ${levelAt(middle, 2_000)}`)
  }
  const folded = decodeWav(wavFile(sine([5_000], 500, 8_000, 48_000), 48_000)).subarray(400, 3_600)
  assert.ok(levelAt(folded, 3_000) < 8)
})

test('a resampler gives the same sound however its input is cut', () => {
  const input = Float32Array.from(sine([300, 1_000], 200, 8_000, 44_100), (sample) => sample / 32_768)
  const join = (parts: Int16Array[]) => parts.flatMap((part) => [...part])
  const one = new Resampler(44_100, 8_000)
  const whole = join([one.process(input), one.flush()])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1 }), (cuts) => {
      const resampler = new Resampler(44_100, 8_000)
      const parts: Int16Array[] = []
      for (let at = 0, n = 0; at < input.length; n++) {
        const count = cuts[n % cuts.length] as number
        parts.push(resampler.process(input.subarray(at, at + count)))
        at += count
      }
      assert.deepEqual(join([...parts, resampler.flush()]), whole)
    }),
    { numRuns: 25 },
  )
})

test('every usual form of WAV is read: 8, 16, 24, 32 bit, float, A-law, µ-law, stereo, extensible', async () => {
  const samples = sine([440], 100, 8_000)
  const body = (bytes: number, write: (into: Buffer, sample: number, at: number) => void) => {
    const into = Buffer.alloc(samples.length * bytes)
    for (const [n, sample] of samples.entries()) write(into, sample, n * bytes)
    return into
  }
  const octets = { PCMA: new Uint8Array(samples.length), PCMU: new Uint8Array(samples.length) }
  codecs.PCMA.encode(samples, 0, samples.length, octets.PCMA, 0)
  codecs.PCMU.encode(samples, 0, samples.length, octets.PCMU, 0)
  const stereo = Int16Array.from({ length: samples.length * 2 }, (_, n) =>
    n % 2 ? 0 : (samples[n >> 1] as number) * 2,
  )
  const extensible = Buffer.concat([
    Buffer.from('RIFF\0\0\0\0WAVELIST\x04\0\0\0INFOfmt \x28\0\0\0', 'latin1'),
    Buffer.from('feff0100401f0000803e0000020010001600100004000000', 'hex'),
    Buffer.from('0100000000001000800000aa00389b71', 'hex'),
    Buffer.from('data\xff\xff\xff\xff', 'latin1'),
    wavFile(samples).subarray(44),
  ])
  const forms: [string, Buffer][] = [
    [
      '8 bit',
      wavOf(
        body(1, (into, s, at) => into.writeUInt8(Math.round(s / 256) + 128, at)),
        { tag: 1, bits: 8 },
      ),
    ],
    ['16 bit', wavFile(samples)],
    [
      '24 bit',
      wavOf(
        body(3, (into, s, at) => into.writeIntLE(s * 256, at, 3)),
        { tag: 1, bits: 24 },
      ),
    ],
    [
      '32 bit',
      wavOf(
        body(4, (into, s, at) => into.writeInt32LE(s * 65_536, at)),
        { tag: 1, bits: 32 },
      ),
    ],
    [
      'float',
      wavOf(
        body(4, (into, s, at) => into.writeFloatLE(s / 32_768, at)),
        { tag: 3, bits: 32 },
      ),
    ],
    [
      'double',
      wavOf(
        body(8, (into, s, at) => into.writeDoubleLE(s / 32_768, at)),
        { tag: 3, bits: 64 },
      ),
    ],
    ['A-law', wavOf(Buffer.from(octets.PCMA), { tag: 6, bits: 8 })],
    ['µ-law', wavOf(Buffer.from(octets.PCMU), { tag: 7, bits: 8 })],
    ['stereo', wavFile(stereo, 8_000, 2)],
    ['extensible, cut off by its writer', extensible],
  ]
  for (const [name, file] of forms) {
    const decoded = decodeWav(file)
    assert.equal(decoded.length, samples.length, name)
    assert.ok(Math.abs(levelAt(decoded, 440) - 8_000) < 100, `${name}: ${levelAt(decoded, 440)}`)
    const { wav, durationMs } = await toTelephoneWav(file)
    assert.equal(durationMs, 100, name)
    assert.deepEqual(readWavFile(Buffer.from(wav)).samples, decoded, name)
  }
})

test('what is no WAV, or one of strange numbers, is refused and nothing throws anything else', () => {
  const good = writeWav(sine([440], 20))
  for (const bad of [
    Buffer.alloc(0),
    Buffer.from('ID3 not a wav'),
    wavOf(Buffer.alloc(8), { tag: 85, bits: 16 }),
    wavOf(Buffer.alloc(8), { tag: 1, bits: 16, rate: 10 }),
    good.subarray(0, 40),
  ])
    assert.throws(() => decodeWav(bad), WavError)
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 0, max: 255 }), fc.nat(good.length), (at, octet, length) => {
      const damaged = Buffer.from(good)
      damaged[at] = octet
      try {
        decodeWav(damaged.subarray(0, length))
      } catch (error) {
        assert.ok(error instanceof WavError, String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a short file is decoded once and kept until it changes; the least recently used goes first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sounds-'))
  try {
    const path = (name: string) => join(folder, name)
    for (const name of ['a', 'b', 'c']) await writeFile(path(name), wavFile(sine([440], 1_000)))
    const library = new SoundLibrary(35_000)
    const [first, same] = await Promise.all([library.open(path('a')), library.open(path('a'))])
    assert.ok('whole' in first && 'whole' in same && first.whole === same.whole)
    await library.open(path('b'))
    const again = await library.open(path('a'))
    assert.ok('whole' in again && again.whole === first.whole, 'it is still kept')
    await library.open(path('c'))
    assert.equal(library.usedBytes, 32_000)
    const kept = await library.open(path('a'))
    assert.ok('whole' in kept && kept.whole === first.whole, 'b was older')
    await writeFile(path('a'), wavFile(sine([880], 500)))
    await utimes(path('a'), 1, 1)
    const changed = await library.open(path('a'))
    assert.ok('whole' in changed && changed.whole.length === 4_000)
    await assert.rejects(library.open(path('missing')))
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a tone has its height, length and strength, without a click at its ends', () => {
  const tone = new Tone([1_000], 100, 0)
  const samples = new Int16Array(1_000)
  assert.equal(tone.read(samples, 0, 1_000), 800)
  assert.equal(tone.read(samples, 800, 10), 0)
  assert.ok(Math.abs(levelAt(samples.subarray(80, 720), 1_000) - 22_300) < 100)
  assert.ok(Math.abs(samples[0] as number) < 100 && Math.abs(samples[799] as number) < 1_000)
})

function inband(samples: Int16Array): string {
  let keys = ''
  const detector = new InbandDetector((key) => {
    keys += key
  })
  for (let at = 0; at < samples.length; at += 160)
    detector.listen(samples.subarray(at, at + 160), Math.min(160, samples.length - at))
  detector.listen(new Int16Array(800), 800)
  return keys
}

const joined = (parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]))

test('all sixteen keys are heard in-band, also weak, with noise and 6 dB of twist (Q.24)', () => {
  const all = '1234567890*#ABCD'
  for (const [low, high, noise] of [
    [8_000, 8_000, 0],
    [900, 900, 30],
    [3_000, 6_000, 100],
    [6_000, 3_000, 100],
  ] as const) {
    const parts = [...all].flatMap((key) => {
      const [row, column] = keyTones(key) as [number, number]
      const a = sine([row], 80, low)
      const b = sine([column], 80, high)
      return [
        a.map((sample, n) => sample + (b[n] as number) + ((n * 7_919) % (noise * 2 + 1)) - noise),
        new Int16Array(640),
      ]
    })
    assert.equal(inband(joined(parts)), all, `${low} ${high} ${noise}`)
  }
})

test('dial tone, music intervals and single tones are no keys', () => {
  for (const hz of [
    [350, 440],
    [440, 880],
    [697],
    [1_336],
    [770, 941],
    [600, 1_200, 1_800, 2_400],
    [941, 1_336, 1_477],
  ])
    assert.equal(inband(sine(hz, 400, 6_000)), '', hz.join(' '))
})
