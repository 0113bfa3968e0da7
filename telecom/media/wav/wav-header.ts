/** Reads the head of a WAV file (RIFF, with WAVE_FORMAT_EXTENSIBLE), bounded, without trusting any of its lengths. */

export type SampleForm = 'unsigned8' | 'signed16' | 'signed24' | 'signed32' | 'float32' | 'float64' | 'alaw' | 'ulaw'

export interface WavHeader {
  form: SampleForm
  channels: number
  sampleRateHz: number
  /** Octets of one sample of all channels. */
  blockBytes: number
  dataOffset: number
  /** Octets of sound as the file says; a writer that was cut off says 0 or 2^32 − 1: then it is up to the end. */
  dataBytes: number
}

/** A file that is no WAV, or one that we cannot decode; the message says why. */
export class WavError extends Error {}

/** So much of a file is looked at for its header. */
export const WAV_HEAD_BYTES = 65_536

const FORMS: Readonly<Record<string, SampleForm>> = {
  '1/8': 'unsigned8',
  '1/16': 'signed16',
  '1/24': 'signed24',
  '1/32': 'signed32',
  '3/32': 'float32',
  '3/64': 'float64',
  '6/8': 'alaw',
  '7/8': 'ulaw',
}

/** Reads the header from the first octets of a file of `fileBytes`. */
export function parseWavHeader(head: Buffer, fileBytes: number): WavHeader {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE')
    throw new WavError('not a WAV file')
  let format: Omit<WavHeader, 'dataOffset' | 'dataBytes'> | undefined
  for (let at = 12; at + 8 <= head.length; ) {
    const name = head.toString('latin1', at, at + 4)
    const bytes = head.readUInt32LE(at + 4)
    const body = at + 8
    if (name === 'fmt ') format = parseFormat(head.subarray(body, body + bytes))
    if (name === 'data') {
      if (!format) throw new WavError('sound before its format')
      const left = fileBytes - body
      return { ...format, dataOffset: body, dataBytes: bytes === 0 || bytes > left ? left : bytes }
    }
    at = body + bytes + (bytes % 2)
  }
  throw new WavError('no sound found near the start of the file')
}

function parseFormat(body: Buffer): Omit<WavHeader, 'dataOffset' | 'dataBytes'> {
  if (body.length < 16) throw new WavError('its format chunk is cut off')
  let tag = body.readUInt16LE(0)
  if (tag === 0xfffe) {
    if (body.length < 26) throw new WavError('its format chunk is cut off')
    tag = body.readUInt16LE(24)
  }
  const channels = body.readUInt16LE(2)
  const sampleRateHz = body.readUInt32LE(4)
  const bits = body.readUInt16LE(14)
  const form = FORMS[`${tag}/${bits}`]
  if (!form) throw new WavError(`encoding ${tag} with ${bits} bits is not supported`)
  if (channels < 1 || channels > 8) throw new WavError(`${channels} channels`)
  if (sampleRateHz < 4_000 || sampleRateHz > 192_000) throw new WavError(`a sample rate of ${sampleRateHz} Hz`)
  return { form, channels, sampleRateHz, blockBytes: (bits / 8) * channels }
}
