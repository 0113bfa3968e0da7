import { createHash } from 'node:crypto'

/** The algorithms that we speak, as they are written in a challenge (RFC 8760). */
export type DigestAlgorithm = 'MD5' | 'SHA-256'

/** H(username:realm:password), in lower-case hex: all that has to be stored to check a password. */
export interface Ha1 {
  readonly md5: string
  readonly sha256: string
}

export function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'utf8')
    .digest('hex')
}

/** Both HA1s of a password. */
export function ha1Of(username: string, realm: string, password: string): Ha1 {
  const text = `${username}:${realm}:${password}`
  return { md5: hash('MD5', text), sha256: hash('SHA-256', text) }
}

/** `MD5`, `SHA-256`, each also as `-sess`; an absent algorithm is MD5 (RFC 7616 §3.3). `undefined` for any other. */
export function algorithmOf(text: string | undefined): { algorithm: DigestAlgorithm; session: boolean } | undefined {
  const name = (text ?? 'MD5').toUpperCase()
  const session = name.endsWith('-SESS')
  const base = session ? name.slice(0, -5) : name
  return base === 'MD5' || base === 'SHA-256' ? { algorithm: base, session } : undefined
}

/** The `response` of RFC 7616 §3.4.1; without qop that of RFC 2069. */
export function digestResponse(parts: {
  algorithm: DigestAlgorithm
  session: boolean
  ha1: string
  nonce: string
  method: string
  uri: string
  qop?: { nc: string; cnonce: string } | undefined
  cnonce?: string | undefined
}): string {
  const { algorithm, nonce, qop } = parts
  const ha1 = parts.session ? hash(algorithm, `${parts.ha1}:${nonce}:${parts.cnonce ?? ''}`) : parts.ha1
  const ha2 = hash(algorithm, `${parts.method}:${parts.uri}`)
  const middle = qop ? `${nonce}:${qop.nc}:${qop.cnonce}:auth` : nonce
  return hash(algorithm, `${ha1}:${middle}:${ha2}`)
}
