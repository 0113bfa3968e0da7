import type { Ids } from '#platform/ids'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const OURS = /^[A-Za-z0-9_-]{1,64}$/

/** The client's own id where it has the allowed form, else a fresh one (`platform.md` §7). */
export function requestId(header: unknown, ids: Ids): string {
  return typeof header === 'string' && OURS.test(header) ? header : newRequestId(ids)
}

/** `req_` and 26 characters: 16 random bytes in base32 (RFC 4648 §6) without padding. */
export function newRequestId(ids: Ids): string {
  const bytes = ids.bytes(16)
  let text = 'req_'
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32[(buffer >>> bits) & 31]
    }
    buffer &= (1 << bits) - 1
  }
  return text + BASE32[(buffer << (5 - bits)) & 31]
}
