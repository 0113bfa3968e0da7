import { type Codec, codecs } from '../codecs/index.ts'

/** The longest payload that is taken: 200 ms. */
export const LONGEST_PAYLOAD = 1_600

/** One accepted packet of voice. The object and its octets are only lent, and used again for the next packet. */
export interface VoicePacket {
  codec: Codec
  ssrc: number
  timestamp: number
  /** Came after a later one. */
  reordered: boolean
  /** Its sender takes no telephone events: what sounds like a key is one. */
  keysInSound: boolean
  octets: Buffer
  offset: number
  /** Octets, and samples as well: every codec here has one octet per sample. */
  count: number
}

/** Somebody who is handed each packet of voice that an endpoint accepts, the moment it comes. */
export interface Listener {
  hear(packet: VoicePacket): void
}

/** A listener that may live in another worker than who it hears. */
export interface DistantListener extends Listener {
  /** So many packets came faster than they were taken, and are lost. */
  overrun(packets: number): void
}

/** Where listeners are attached. */
export interface VoiceSource {
  attach(listener: Listener): void
  detach(listener: Listener): void
}

export function emptyVoicePacket(octets: Buffer = Buffer.alloc(0)): VoicePacket {
  return {
    codec: codecs.PCMU,
    ssrc: 0,
    timestamp: 0,
    reordered: false,
    keysInSound: false,
    octets,
    offset: 0,
    count: 0,
  }
}
