/** Sound for tests: made, written, read and measured, independently of the code under test. */

const SAMPLE_RATE_HZ = 8_000

/** Sine waves together, each with the given peak (32 767 = full scale). */
export function sine(
  hz: readonly number[],
  durationMs: number,
  peak = 8_000,
  sampleRateHz = SAMPLE_RATE_HZ,
): Int16Array {
  return Int16Array.from({ length: Math.round((durationMs * sampleRateHz) / 1000) }, (_, n) =>
    Math.round(peak * hz.reduce((sum, frequency) => sum + Math.sin((2 * Math.PI * frequency * n) / sampleRateHz), 0)),
  )
}

/** The peak of the sine of `hz` that the samples contain (Goertzel): about `peak` of `sine`, near 0 where there is none. */
export function levelAt(samples: Int16Array, hz: number, sampleRateHz = SAMPLE_RATE_HZ): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / sampleRateHz)
  let before = 0
  let last = 0
  for (const sample of samples) {
    const next = sample + coefficient * last - before
    before = last
    last = next
  }
  const power = last * last + before * before - coefficient * last * before
  return samples.length === 0 ? 0 : (2 * Math.sqrt(Math.max(0, power))) / samples.length
}

/** Root mean square of the samples. */
export function rms(samples: Int16Array): number {
  return samples.length === 0
    ? 0
    : Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)
}

/** A 16-bit WAV file of interleaved samples. */
export function wavFile(samples: Int16Array, sampleRateHz = SAMPLE_RATE_HZ, channels = 1): Buffer {
  const body = Buffer.alloc(samples.length * 2)
  for (const [n, sample] of samples.entries()) body.writeInt16LE(sample, n * 2)
  return wavContainer(body, { tag: 1, bits: 16, sampleRateHz, channels })
}

/** A WAV file around encoded sound of any form: tag 1 PCM, 3 float, 6 A-law, 7 µ-law. */
export function wavContainer(
  body: Buffer,
  form: { tag: number; bits: number; sampleRateHz: number; channels: number },
): Buffer {
  const head = Buffer.alloc(44)
  const blockBytes = (form.bits / 8) * form.channels
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + body.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(form.tag, 20)
  head.writeUInt16LE(form.channels, 22)
  head.writeUInt32LE(form.sampleRateHz, 24)
  head.writeUInt32LE(form.sampleRateHz * blockBytes, 28)
  head.writeUInt16LE(blockBytes, 32)
  head.writeUInt16LE(form.bits, 34)
  head.write('data', 36)
  head.writeUInt32LE(body.length, 40)
  return Buffer.concat([head, body])
}

/** Reads a 16-bit WAV file; of several channels the first. */
export function readWavFile(file: Buffer): { samples: Int16Array; sampleRateHz: number } {
  let channels = 1
  let sampleRateHz = SAMPLE_RATE_HZ
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4)
    const bytes = file.readUInt32LE(at + 4)
    if (name === 'fmt ') {
      channels = file.readUInt16LE(at + 10)
      sampleRateHz = file.readUInt32LE(at + 12)
      if (file.readUInt16LE(at + 22) !== 16) throw new Error('not a 16-bit WAV file')
    } else if (name === 'data') {
      const frames = Math.floor(Math.min(bytes || file.length, file.length - at - 8) / (2 * channels))
      const samples = Int16Array.from({ length: frames }, (_, n) => file.readInt16LE(at + 8 + n * 2 * channels))
      return { samples, sampleRateHz }
    }
    at += 8 + bytes + (bytes % 2)
  }
  throw new Error('no sound in this WAV file')
}

/** Decodes G.711 µ-law from its definition. */
export function decodeUlaw(octets: Uint8Array): Int16Array {
  return Int16Array.from(octets, (octet) => {
    const code = ~octet & 0xff
    const magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return code & 128 ? -magnitude : magnitude
  })
}

/** Decodes G.711 A-law from its definition. */
export function decodeAlaw(octets: Uint8Array): Int16Array {
  return Int16Array.from(octets, (octet) => {
    const code = octet ^ 0x55
    const exponent = (code >> 4) & 7
    const mantissa = ((code & 15) << 4) + 8
    const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1)
    return code & 128 ? magnitude : -magnitude
  })
}
