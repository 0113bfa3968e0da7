import type { Codec } from './codec.ts'

/** From each codec to each other: what becomes of an octet. */
const tables = new Map<Codec, Map<Codec, Uint8Array>>()

function tableOf(from: Codec, to: Codec): Uint8Array {
  const known = tables.get(from)?.get(to)
  if (known) return known
  const samples = new Int16Array(256)
  from.decode(
    Uint8Array.from({ length: 256 }, (_, octet) => octet),
    0,
    256,
    samples,
  )
  const table = new Uint8Array(256)
  to.encode(samples, 0, 256, table, 0)
  const ofFrom = tables.get(from) ?? new Map<Codec, Uint8Array>()
  tables.set(from, ofFrom.set(to, table))
  return table
}

/** Turns `count` octets of one codec into as many of another, sample by sample; the same codec is copied as it is. */
export function transcode(
  from: Codec,
  octets: Uint8Array,
  offset: number,
  count: number,
  to: Codec,
  into: Uint8Array,
  at: number,
): void {
  if (from === to) {
    for (let i = 0; i < count; i++) into[at + i] = octets[offset + i] as number
    return
  }
  const table = tableOf(from, to)
  for (let i = 0; i < count; i++) into[at + i] = table[octets[offset + i] as number] as number
}
