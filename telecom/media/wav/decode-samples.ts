import { codecs } from '../codecs/index.ts'
import type { SampleForm, WavHeader } from './wav-header.ts'

const one = new Int16Array(1)

/** Reads one sample at an octet offset, full scale = ±1. */
const READ: Readonly<Record<SampleForm, (data: Buffer, at: number) => number>> = {
  unsigned8: (data, at) => ((data[at] as number) - 128) / 128,
  signed16: (data, at) => data.readInt16LE(at) / 32_768,
  signed24: (data, at) => data.readIntLE(at, 3) / 8_388_608,
  signed32: (data, at) => data.readInt32LE(at) / 2_147_483_648,
  float32: (data, at) => finite(data.readFloatLE(at)),
  float64: (data, at) => finite(data.readDoubleLE(at)),
  alaw: (data, at) => g711(data, at, 'PCMA'),
  ulaw: (data, at) => g711(data, at, 'PCMU'),
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-4, Math.min(4, value)) : 0
}

function g711(data: Buffer, at: number, name: 'PCMA' | 'PCMU'): number {
  codecs[name].decode(data, at, 1, one)
  return (one[0] as number) / 32_768
}

/** Decodes whole blocks of a WAV file's sound and mixes their channels down to one. */
export function decodeSamples(data: Buffer, header: WavHeader): Float32Array {
  const { channels, blockBytes } = header
  const read = READ[header.form]
  const width = blockBytes / channels
  const samples = new Float32Array(Math.floor(data.length / blockBytes))
  for (let i = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += read(data, i * blockBytes + channel * width)
    samples[i] = sum / channels
  }
  return samples
}
