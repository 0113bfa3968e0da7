import { bytesOf, type Content, joined } from './content.ts'

const HEADER_BYTES = 44
const SAMPLE_RATE_HZ = 8_000
const SAMPLE_BYTES = 2

/**
 * One WAV file of two recordings of the telephone's form (44 octets of header, 16 bit, 8 kHz, mono), both heard at once:
 * sample plus sample, cut off at full scale. Where one is shorter it counts as silent from there on.
 */
export function mixedWav(one: Content, other: Content): Content {
  const bytes = Math.max(soundBytes(one), soundBytes(other))
  return joined([bytesOf(header(bytes)), { bytes, read: (from, to) => mix(one, other, from, to) }])
}

function soundBytes({ bytes }: Content): number {
  const sound = Math.max(0, bytes - HEADER_BYTES)
  return sound - (sound % SAMPLE_BYTES)
}

async function* mix(one: Content, other: Content, from: number, to: number): AsyncGenerator<Uint8Array, void, void> {
  const begin = from - (from % SAMPLE_BYTES)
  const end = to + (to % SAMPLE_BYTES)
  let skip = from - begin
  let left = to - from
  const sources = [one, other].map((content) => new Samples(content, begin, end))
  try {
    for (let at = begin; at < end; ) {
      const chunks = await Promise.all(sources.map((source) => source.peek()))
      const lengths = chunks.map((chunk) => chunk.length).filter((length) => length > 0)
      const bytes = lengths.length === 0 ? end - at : Math.min(...lengths)
      const sum = add(chunks, bytes)
      for (const source of sources) source.take(bytes)
      at += bytes
      const shown = sum.subarray(skip, Math.min(sum.length, skip + left))
      skip = 0
      left -= shown.length
      yield shown
    }
  } finally {
    for (const source of sources) await source.close()
  }
}

/** The whole samples of a source between two places of its sound, chunk by chunk; nothing behind its end. */
class Samples {
  readonly #chunks: AsyncIterator<Uint8Array>
  #left = Buffer.alloc(0)
  #over = false

  constructor(content: Content, from: number, to: number) {
    const end = Math.min(to, soundBytes(content))
    const chunks = from < end ? content.read(HEADER_BYTES + from, HEADER_BYTES + end) : bytesOf(this.#left).read(0, 0)
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async peek(): Promise<Buffer> {
    while (this.#left.length < SAMPLE_BYTES && !this.#over) {
      const { value, done } = await this.#chunks.next()
      if (done) this.#over = true
      else this.#left = Buffer.concat([this.#left, value])
    }
    return this.#left.subarray(0, this.#left.length - (this.#left.length % SAMPLE_BYTES))
  }

  take(bytes: number): void {
    this.#left = this.#left.subarray(bytes)
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

function add(chunks: readonly Buffer[], bytes: number): Buffer {
  const sum = Buffer.alloc(bytes)
  for (const chunk of chunks)
    for (let at = 0; at < Math.min(bytes, chunk.length); at += SAMPLE_BYTES) {
      const loud = sum.readInt16LE(at) + chunk.readInt16LE(at)
      sum.writeInt16LE(Math.max(-32_768, Math.min(32_767, loud)), at)
    }
  return sum
}

function header(soundBytes: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(HEADER_BYTES - 8 + soundBytes, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(SAMPLE_RATE_HZ, 24)
  head.writeUInt32LE(SAMPLE_RATE_HZ * SAMPLE_BYTES, 28)
  head.writeUInt16LE(SAMPLE_BYTES, 32)
  head.writeUInt16LE(8 * SAMPLE_BYTES, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(soundBytes, 40)
  return head
}
