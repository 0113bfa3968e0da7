/** The ones' complement sum of these octets, to be folded (RFC 1071); add sums of parts that begin at even places. */
export function sumOf(octets: Uint8Array): number {
  let sum = 0
  const even = octets.length & ~1
  for (let at = 0; at < even; at += 2) sum += ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
  return even === octets.length ? sum : sum + ((octets[even] ?? 0) << 8)
}

/** The checksum of a sum. */
export function checksumOf(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000)
  return ~folded & 0xffff
}
