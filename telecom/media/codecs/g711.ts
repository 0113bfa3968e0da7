/** G.711 by tables: µ-law (PCMU) works on 14 bits, A-law (PCMA) on 13, so one table of 2^14 entries serves either. */
import type { CodecName } from '../wanted-media.ts'
import type { Codec } from './codec.ts'

function decodeUlaw(octet: number): number {
  const code = ~octet & 0xff
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
  return code & 0x80 ? -magnitude : magnitude
}

function encodeUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const biased = Math.min(Math.abs(sample), 32_635) + 0x84
  const exponent = 31 - Math.clz32(biased) - 7
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff
}

function decodeAlaw(octet: number): number {
  const code = octet ^ 0x55
  const exponent = (code >> 4) & 7
  const mantissa = ((code & 0x0f) << 4) + 8
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1)
  return code & 0x80 ? magnitude : -magnitude
}

function encodeAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0
  // −1 … −8 belong to the first negative step, as the recommendation's decision values say
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32_767)
  const exponent = Math.max(0, 31 - Math.clz32(magnitude | 1) - 7)
  const mantissa = exponent === 0 ? magnitude >> 4 : magnitude >> (exponent + 3)
  return (sign | (exponent << 4) | (mantissa & 0x0f)) ^ 0x55
}

function tableCodec(
  name: CodecName,
  payloadType: number,
  decodeOne: (octet: number) => number,
  encodeOne: (sample: number) => number,
): Codec {
  const decoded = Int16Array.from({ length: 256 }, (_, octet) => decodeOne(octet))
  // an entry stands for four samples; below zero the first of them is already on the far side of a decision value
  const encoded = Uint8Array.from({ length: 16_384 }, (_, index) => {
    const quarter = (index << 18) >> 18
    return encodeOne(quarter < 0 ? quarter * 4 + 1 : quarter * 4)
  })
  return {
    name,
    payloadType,
    sampleRateHz: 8_000,
    encode(samples, from, count, into, offset) {
      for (let i = 0; i < count; i++)
        into[offset + i] = encoded[((samples[from + i] as number) >> 2) & 0x3fff] as number
    },
    decode(octets, offset, count, into) {
      for (let i = 0; i < count; i++) into[i] = decoded[octets[offset + i] as number] as number
    },
  }
}

export const pcmu: Codec = tableCodec('PCMU', 0, decodeUlaw, encodeUlaw)
export const pcma: Codec = tableCodec('PCMA', 8, decodeAlaw, encodeAlaw)
