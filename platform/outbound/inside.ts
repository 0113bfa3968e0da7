import { isIP } from 'node:net'
import type { AddressGuard } from './address-guard.ts'
import { hostOf } from './exchange.ts'
import { parseTarget } from './target.ts'

/** Endings of names that only a private network knows (RFC 6761, 6762 appendix G, 8375, and ICANN's `.internal`). */
const INSIDE = ['local', 'localdomain', 'internal', 'intranet', 'private', 'corp', 'home', 'home.arpa', 'lan']

/**
 * Whether a URL that somebody sets says by itself that it leads inside: a literal address that customers may not reach, in
 * whatever spelling, or a name that no public name server has. What a name stands for is asked when it is connected to.
 */
export function pointsInside(text: string, guard: AddressGuard): boolean {
  const url = parseTarget(text)
  if (url === undefined) return false
  const host = hostOf(url).toLowerCase().replace(/\.$/, '')
  if (isIP(host) !== 0) return !guard.allows(host)
  if (host === 'localhost' || host.endsWith('.localhost')) return !guard.allows('127.0.0.1') && !guard.allows('::1')
  // where the operator opens private networks, such names may be theirs
  return guard.strict && (!host.includes('.') || INSIDE.some((ending) => host.endsWith(`.${ending}`)))
}
