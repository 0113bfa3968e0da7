import type { Clock } from '#platform/time'
import type { MessageIds, RemoteAddress } from '#telecom/sip'
import { callerName, isOfCaller } from './line-index.ts'
import { MessageRing } from './message-ring.ts'

/** INVITEs that are not a call yet; the oldest gives way to a new one. */
const MOST = 500
/** Messages of one that are noted: an INVITE with and without its password, and what we answered. */
const MOST_MESSAGES = 20
/** How long one may take to become a call, repeated with its password. */
const KEPT_MS = 32_000

const INVITE = Buffer.from('INVITE ')

/** What is on the wire of INVITEs that came and have not become a call (yet), by what names their callers. */
export class PendingRings {
  readonly #clock: Clock
  readonly #rings = new Map<string, { ring: MessageRing; sinceMs: number }>()
  dropped = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Where a message is to be noted; an INVITE that came begins one, and everything else of nobody's is passed over. */
  find(
    ids: MessageIds,
    { direction, data, remote }: { direction: 'in' | 'out'; data: Buffer; remote: RemoteAddress },
  ): MessageRing | undefined {
    if (!isOfCaller(ids, direction)) return undefined
    const name = callerName(ids.call_id, ids.from_tag, remote.address)
    const known = this.#rings.get(name)
    if (known) return known.ring.size < MOST_MESSAGES ? known.ring : undefined
    if (direction === 'out' || data.compare(INVITE, 0, INVITE.length, 0, INVITE.length) !== 0) return undefined
    if (this.#rings.size >= MOST) this.#dropOldest()
    const ring = new MessageRing()
    this.#rings.set(name, { ring, sinceMs: this.#clock.monotonicMs() })
    return ring
  }

  /** Hands over what was noted: the INVITE is a call from now on. */
  take(name: string | undefined): MessageRing | undefined {
    if (name === undefined) return undefined
    const known = this.#rings.get(name)
    this.#rings.delete(name)
    return known?.ring
  }

  /** Forgets what became no call. */
  sweep(nowMs: number): void {
    for (const [id, { sinceMs }] of this.#rings) {
      if (nowMs - sinceMs < KEPT_MS) return
      this.#rings.delete(id)
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#rings.keys()
    if (oldest === undefined) return
    this.#rings.delete(oldest)
    this.dropped++
  }
}
