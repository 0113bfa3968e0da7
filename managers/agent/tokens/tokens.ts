import { hash } from 'node:crypto'
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { InvariantError } from '#platform/errors'
import { type Clock, type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { type AgentClaims, agentToken } from './agent-token.ts'
import type { TokenKind } from './claims.ts'
import { type DelegateClaims, delegateToken } from './delegate-token.ts'
import { type DirectClaims, directToken } from './direct-token.ts'

/** What a token of ours says, by its kind. */
export type Claims = AgentClaims | DirectClaims | DelegateClaims

const KINDS: { [Type in Claims['type']]: TokenKind<Extract<Claims, { type: Type }>> } = {
  agent: agentToken,
  direct: directToken,
  delegate: delegateToken,
}

export interface SignedToken {
  token: string
  /** Until when it holds. */
  expire: Timestamp
}

/** What was read of a token. */
export type ReadToken = Claims & {
  /** When it was signed, in milliseconds since 1970. */
  issued_ms: number
}

/** Tokens whose signature was found right are remembered, so many of them; then those that came first are forgotten. */
const MOST_VERIFIED = 10_000

/** Signs and reads tokens: JWT, HS256. */
export class Tokens {
  readonly #secret: Uint8Array
  readonly #clock: Clock
  /** What the tokens that were verified say, by the SHA-256 of the token; what they are worth now is not in it. */
  readonly #verified = new Map<string, JWTPayload>()

  /** `secret` has at least 32 bytes and is the same for every process of the platform. */
  constructor(needs: { secret: Uint8Array; clock: Clock }) {
    if (needs.secret.length < 32) throw new InvariantError('the secret of login tokens needs at least 32 bytes')
    this.#secret = needs.secret
    this.#clock = needs.clock
  }

  /** A token for as long as those of its kind hold. */
  async sign(claims: Claims): Promise<SignedToken> {
    const kind = KINDS[claims.type] as TokenKind<Claims>
    const nowMs = this.#clock.wallMs()
    const expiresMs = nowMs + kind.seconds * 1000
    const expire = timestamp(expiresMs)
    const token = await new SignJWT({ type: claims.type, ...kind.payload(claims), expire })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(Math.floor(nowMs / 1000))
      .setExpirationTime(Math.ceil(expiresMs / 1000))
      .sign(this.#secret)
    return { token, expire }
  }

  /** What the token says; `undefined` when it is malformed, wrongly signed, expired, or of no kind. */
  async read(token: string): Promise<ReadToken | undefined> {
    const payload = await this.#verify(token)
    if (!payload) return undefined
    const { type, expire, iat } = payload
    // every token of ours says when it ends; it is looked at each time
    const expiresMs = typeof expire === 'string' ? timestampToMs(expire) : undefined
    if (expiresMs === undefined || expiresMs <= this.#clock.wallMs()) return undefined
    const claims = isKind(type) ? KINDS[type].read(payload) : undefined
    return claims && { ...claims, issued_ms: (iat ?? 0) * 1000 }
  }

  async #verify(token: string): Promise<JWTPayload | undefined> {
    const key = hash('sha256', token, 'base64')
    const known = this.#verified.get(key)
    if (known) return known
    try {
      const currentDate = new Date(this.#clock.wallMs())
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: ['HS256'], currentDate })
      this.#verified.set(key, payload)
      const [oldest] = this.#verified.keys()
      if (this.#verified.size > MOST_VERIFIED && oldest !== undefined) this.#verified.delete(oldest)
      return payload
    } catch {
      return undefined
    }
  }
}

function isKind(type: unknown): type is Claims['type'] {
  return typeof type === 'string' && Object.hasOwn(KINDS, type)
}
