import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#platform/time'

/** How long a nonce may be used before the client is asked to take a new one (`stale=true`). */
const DEFAULT_LIFETIME_MS = 300_000
/** How far another node's clock may be ahead of ours. */
const CLOCK_SKEW_MS = 5_000

/**
 * Stateless nonces: the time, and an HMAC over time and realm. Whoever has the key, any node, verifies them; nothing is
 * remembered, so a flood of requests costs no memory.
 */
export class Nonces {
  readonly #key: Uint8Array
  readonly #clock: Clock
  readonly #lifetimeMs: number

  /** `key`: at least 32 secret bytes, the same on every node. */
  constructor(options: { key: Uint8Array; clock: Clock; lifetimeMs?: number }) {
    if (options.key.length < 32) throw new Error('the key for nonces has less than 32 bytes')
    this.#key = options.key
    this.#clock = options.clock
    this.#lifetimeMs = options.lifetimeMs ?? DEFAULT_LIFETIME_MS
  }

  issue(realm: string): string {
    return this.#nonce(Math.floor(this.#clock.wallMs()).toString(16).padStart(12, '0'), realm)
  }

  /** `fresh`; `stale` = ours, but too old: challenge again with `stale: true`; `foreign` = not made by us for this realm. */
  check(nonce: string, realm: string): 'fresh' | 'stale' | 'foreign' {
    const time = nonce.slice(0, 12)
    const made = Number.parseInt(time, 16)
    if (Number.isNaN(made) || !sameText(nonce, this.#nonce(time, realm))) return 'foreign'
    const ageMs = this.#clock.wallMs() - made
    return ageMs >= -CLOCK_SKEW_MS && ageMs <= this.#lifetimeMs ? 'fresh' : 'stale'
  }

  #nonce(time: string, realm: string): string {
    return time + createHmac('sha256', this.#key).update(`${time}:${realm}`).digest('hex').slice(0, 32)
  }
}

/** Compares without telling by its duration where the texts differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8')
  const right = Buffer.from(b, 'utf8')
  return left.length === right.length && timingSafeEqual(left, right)
}
