import type { CodecName } from '../wanted-media.ts'

/** A voice codec of one octet per sample at 8 kHz; `encode` and `decode` work in place and allocate nothing. */
export interface Codec {
  readonly name: CodecName
  /** Its static payload type (RFC 3551 §6). */
  readonly payloadType: number
  readonly sampleRateHz: number
  /** Encodes `count` samples from `from` on into octets at `offset`. */
  encode(samples: Int16Array, from: number, count: number, into: Uint8Array, offset: number): void
  /** Decodes `count` octets at `offset` into the start of `into`. */
  decode(octets: Uint8Array, offset: number, count: number, into: Int16Array): void
}
