import ipaddr from 'ipaddr.js'
import type { Clock } from '#platform/time'
import { apiErrors, type LimitFacts } from './errors.ts'
import type { Identity } from './identity.ts'
import { type Allowance, TokenBuckets } from './token-buckets.ts'

/** What each tier of `platform.md` §11 allows. A tier whose rate or burst is not above 0 is off. */
export interface RateLimitSettings {
  /** Of an address: `/auth/*` without credentials, `/auth/*` with credentials, everything else. */
  authPublic: Allowance
  authProtected: Allowance
  v1: Allowance
  /** Of a customer: by its agents and access keys, by direct tokens, by delegate tokens. */
  customer: Allowance
  customerDirect: Allowance
  customerDelegate: Allowance
}

interface Tier {
  allowance: Allowance
  buckets: TokenBuckets
}

const AUTH_PATH = /^(?:\/v1\.0)?\/auth\//
/** What a machine that watches the platform asks for. */
const UNLIMITED_PATHS = ['/ping', '/health', '/metrics']

/** Refuses whoever asks too often, before anything is done for them. */
export class RateLimits {
  readonly #tiers: Readonly<Record<keyof RateLimitSettings, Tier | undefined>>

  constructor(settings: RateLimitSettings, clock: Clock) {
    const tier = (allowance: Allowance): Tier | undefined =>
      allowance.perSecond > 0 && allowance.burst > 0
        ? { allowance, buckets: new TokenBuckets(allowance, clock) }
        : undefined
    this.#tiers = {
      authPublic: tier(settings.authPublic),
      authProtected: tier(settings.authProtected),
      v1: tier(settings.v1),
      customer: tier(settings.customer),
      customerDirect: tier(settings.customerDirect),
      customerDelegate: tier(settings.customerDelegate),
    }
  }

  /** Throws `RATE_LIMIT_EXCEEDED` when the address asks too often. `needsLogin`: whether the endpoint asks who it is. */
  checkAddress(ip: string, path: string, needsLogin: boolean): void {
    if (UNLIMITED_PATHS.includes(path)) return
    const tier = AUTH_PATH.test(path) ? (needsLogin ? 'authProtected' : 'authPublic') : 'v1'
    this.#take(this.#tiers[tier], 'ip', networkOf(ip))
  }

  /** Throws `RATE_LIMIT_EXCEEDED` when the callers of a customer ask too often. */
  checkCustomer({ kind, customer_id }: Identity): void {
    const tier = kind === 'direct' ? 'customerDirect' : kind === 'delegate' ? 'customerDelegate' : 'customer'
    this.#take(this.#tiers[tier], 'customer', customer_id)
  }

  #take(tier: Tier | undefined, limited_by: LimitFacts['limited_by'], key: string): void {
    if (!tier) return
    const waitMs = tier.buckets.take(key)
    if (waitMs === 0) return
    const { perSecond: per_second, burst } = tier.allowance
    throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by, retry_after: Math.ceil(waitMs / 1_000), per_second, burst })
  }
}

/** Whoever has an IPv6 address has all of its /64, so that is who is counted. */
export function networkOf(ip: string): string {
  if (!ip.includes(':') || !ipaddr.IPv6.isValid(ip)) return ip
  return ipaddr.IPv6.parse(ip).parts.slice(0, 4).join(':')
}
