import { type Codec, codecs } from '../codecs/index.ts'
import { emptyVoicePacket, type Listener, LONGEST_PAYLOAD, type VoicePacket } from './voice-packet.ts'

/** Packets that wait for their reader; with 10 ms each, 160 ms. */
const SLOTS = 16
const CODECS: readonly Codec[] = Object.values(codecs)
const REORDERED = 1
const KEYS_IN_SOUND = 2

// One word says how many packets were ever written, then the slots follow:
//   stamp (odd while it is written, and which packet it is) | SSRC | timestamp | count | codec | flags | payload
const HEAD_WORDS = 1
const STAMP = 0
const SSRC = 1
const TIMESTAMP = 2
const COUNT = 3
const CODEC = 4
const FLAGS = 5
const SLOT_WORDS = 6 + LONGEST_PAYLOAD / 4
const PAYLOAD_BYTES = 6 * 4

/** The memory of one patch. */
export function patchMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((HEAD_WORDS + SLOTS * SLOT_WORDS) * 4)
}

/** The end of a patch at which packets go in: one writer, which never waits and overwrites the oldest packet. */
export class PatchWriter implements Listener {
  readonly #words: Int32Array
  readonly #octets: Uint8Array
  readonly #written: () => void
  #count = 0

  /** `written` is called after each packet. */
  constructor(memory: SharedArrayBuffer, written: () => void) {
    this.#words = new Int32Array(memory)
    this.#octets = new Uint8Array(memory)
    this.#written = written
  }

  hear(packet: VoicePacket): void {
    const words = this.#words
    const { octets, offset, count } = packet
    const slot = slotOf(this.#count)
    const stamp = stampOf(this.#count)
    Atomics.store(words, slot + STAMP, (stamp - 1) | 0)
    words[slot + SSRC] = packet.ssrc
    words[slot + TIMESTAMP] = packet.timestamp
    words[slot + COUNT] = count
    words[slot + CODEC] = CODECS.indexOf(packet.codec)
    words[slot + FLAGS] = (packet.reordered ? REORDERED : 0) | (packet.keysInSound ? KEYS_IN_SOUND : 0)
    const at = slot * 4 + PAYLOAD_BYTES
    for (let i = 0; i < count; i++) this.#octets[at + i] = octets[offset + i] as number
    Atomics.store(words, slot + STAMP, stamp)
    this.#count = (this.#count + 1) | 0
    Atomics.store(words, 0, this.#count)
    this.#written()
  }
}

/** The end at which they come out: one reader, which loses the oldest packets when it comes too late. */
export class PatchReader {
  readonly #words: Int32Array
  readonly #octets: Uint8Array
  readonly #packet = emptyVoicePacket(Buffer.alloc(LONGEST_PAYLOAD))
  #count = 0

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.#octets = new Uint8Array(memory)
  }

  /** Hands over everything that has been written; gives how many packets were lost. */
  drain(listener: Listener): number {
    const written = Atomics.load(this.#words, 0)
    if (written === this.#count) return 0
    let lost = Math.max(0, ((written - this.#count) | 0) - SLOTS)
    this.#count = (this.#count + lost) | 0
    for (; this.#count !== written; this.#count = (this.#count + 1) | 0) {
      if (this.#read()) listener.hear(this.#packet)
      else lost++
    }
    return lost
  }

  /** False where the writer was faster. */
  #read(): boolean {
    const words = this.#words
    const slot = slotOf(this.#count)
    const stamp = stampOf(this.#count)
    if (Atomics.load(words, slot + STAMP) !== stamp) return false
    const packet = this.#packet
    const flags = words[slot + FLAGS] as number
    const count = Math.min(words[slot + COUNT] as number, LONGEST_PAYLOAD)
    packet.ssrc = (words[slot + SSRC] as number) >>> 0
    packet.timestamp = (words[slot + TIMESTAMP] as number) >>> 0
    packet.count = count
    packet.codec = CODECS[words[slot + CODEC] as number] ?? codecs.PCMU
    packet.reordered = (flags & REORDERED) !== 0
    packet.keysInSound = (flags & KEYS_IN_SOUND) !== 0
    const at = slot * 4 + PAYLOAD_BYTES
    for (let i = 0; i < count; i++) packet.octets[i] = this.#octets[at + i] as number
    // an exchange, not a load: nothing read above may be fetched after it
    return Atomics.compareExchange(words, slot + STAMP, stamp, stamp) === stamp
  }
}

const slotOf = (packet: number) => HEAD_WORDS + (packet & (SLOTS - 1)) * SLOT_WORDS
/** Even, different for each packet that shares a slot, and not that of untouched memory. */
const stampOf = (packet: number) => (packet * 2 + 2) | 0
