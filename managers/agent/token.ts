import { jwtVerify, SignJWT } from 'jose'
import { isUuid } from '#platform/ids'
import { type Clock, timestamp, timestampToMs } from '#platform/time'
import { LOGIN_SECONDS } from './auth-contract.ts'

/** What a login token says: who, and as of which version of the agent. What the agent may do is read at each request. */
export interface AgentClaims {
  agent_id: string
  customer_id: string
  token_version: number
}

/** What a token that was read says. */
export interface AgentLogin extends AgentClaims {
  /** When the login was, in milliseconds since 1970. */
  login_ms: number
}

/** Signs and reads login tokens: JWT, HS256. */
export class AgentTokens {
  readonly #secret: Uint8Array
  readonly #clock: Clock

  /** `secret` has at least 32 bytes and is the same for every process of the platform. */
  constructor(needs: { secret: Uint8Array; clock: Clock }) {
    if (needs.secret.length < 32) throw new Error('the secret of login tokens needs at least 32 bytes')
    this.#secret = needs.secret
    this.#clock = needs.clock
  }

  /** A token for seven days. */
  async sign(claims: AgentClaims): Promise<string> {
    const nowMs = this.#clock.wallMs()
    const expiresMs = nowMs + LOGIN_SECONDS * 1000
    const { agent_id: id, customer_id, token_version } = claims
    return new SignJWT({ type: 'agent', agent: { id, customer_id }, token_version, expire: timestamp(expiresMs) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(Math.floor(nowMs / 1000))
      .setExpirationTime(Math.ceil(expiresMs / 1000))
      .sign(this.#secret)
  }

  /** What the token says; `undefined` when it is malformed, wrongly signed, expired, or no agent's. */
  async read(token: string): Promise<AgentLogin | undefined> {
    const payload = await this.#verified(token)
    if (!payload) return undefined
    const { type, agent, token_version, expire, iat = 0 } = payload
    if (type !== 'agent' || !isAgent(agent) || typeof token_version !== 'number') return undefined
    const expiresMs = typeof expire === 'string' ? timestampToMs(expire) : undefined
    if (expiresMs === undefined || expiresMs <= this.#clock.wallMs()) return undefined
    return { agent_id: agent.id, customer_id: agent.customer_id, token_version, login_ms: iat * 1000 }
  }

  async #verified(token: string) {
    try {
      const currentDate = new Date(this.#clock.wallMs())
      return (await jwtVerify(token, this.#secret, { algorithms: ['HS256'], currentDate })).payload
    } catch {
      return undefined
    }
  }
}

function isAgent(value: unknown): value is { id: string; customer_id: string } {
  return isIdMember(value, 'id') && isIdMember(value, 'customer_id')
}

function isIdMember<Name extends string>(value: unknown, name: Name): value is Record<Name, string> {
  if (typeof value !== 'object' || value === null) return false
  const member: unknown = Reflect.get(value, name)
  return typeof member === 'string' && isUuid(member)
}
