import type { Codec } from './codec.ts'
import { pcma, pcmu } from './g711.ts'

const pcmuToPcma = tableOf(pcmu, pcma)
const pcmaToPcmu = tableOf(pcma, pcmu)

/** The octet of one codec for each octet of another, without samples in between; `undefined` where they are the same. */
export function transcoding(from: Codec, to: Codec): Uint8Array | undefined {
  if (from === to) return undefined
  return from === pcmu ? pcmuToPcma : pcmaToPcmu
}

function tableOf(from: Codec, to: Codec): Uint8Array {
  const samples = new Int16Array(256)
  const table = new Uint8Array(256)
  from.decode(
    Uint8Array.from({ length: 256 }, (_, octet) => octet),
    0,
    256,
    samples,
  )
  to.encode(samples, 0, 256, table, 0)
  return table
}
