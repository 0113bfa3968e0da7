import type { RemoteAddress, TransportName } from './flow.ts'

/**
 * Hears every SIP message as it is on the wire: what came (before it is parsed) and what is sent, repetitions included.
 * It must be quick, must not throw and must not keep a buffer that came; one that was sent never changes.
 */
export type SipTap = (
  direction: 'in' | 'out',
  data: Buffer,
  transport: TransportName,
  local: RemoteAddress,
  remote: RemoteAddress,
) => void

const LONG = Buffer.from('\r\nCall-ID:')
const LOWER = Buffer.from('\r\ncall-id:')
const MIXED = Buffer.from('\r\nCall-Id:')
const COMPACT = Buffer.from('\r\ni:')
const LONGEST = 255

/**
 * The Call-ID of a message that was not parsed, at the cost of a search; `undefined` where it is not to be found so (other
 * spellings than the usual ones, or folded).
 */
export function callIdOf(data: Buffer): string | undefined {
  for (const name of [LONG, LOWER, MIXED, COMPACT]) {
    const at = data.indexOf(name)
    if (at < 0) continue
    const from = at + name.length
    const to = data.indexOf(13, from)
    if (to < 0 || to - from > LONGEST) return undefined
    return data.toString('latin1', from, to).trim() || undefined
  }
  return undefined
}
