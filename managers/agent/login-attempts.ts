import type { AnyTransaction, Database } from '#platform/db'
import { apiErrors, networkOf } from '#platform/http'
import type { Clock } from '#platform/time'
import { BACK_OFF, type Counted, counted } from './back-off.ts'
import { type AttemptRow, keyOf, LoginAttemptStore } from './login-attempt-store.ts'

/** From where somebody has logged in, it is known for so long. */
const KNOWN_MS = 30 * 86_400_000

/** What one attempt counts for, as long as it has not succeeded. */
interface Attempt {
  place: string
  counts: readonly { counted: Counted; key: string }[]
}

/**
 * Makes whoever guesses passwords wait: an attempt counts as wrong from its beginning until it has succeeded, so that a
 * hundred at once are no hundred guesses. Counted are wrong ones for a username from an address, from an address, and for
 * a username, whether there is such a user or not. Who has logged in from an address before is held up there by what was
 * tried for that username from that address only: no stranger locks a user out of the usual place.
 */
export class LoginAttempts {
  readonly #db: Database
  readonly #store: LoginAttemptStore
  readonly #clock: Clock

  constructor(needs: { db: Database; clock: Clock }) {
    this.#db = needs.db
    this.#store = new LoginAttemptStore()
    this.#clock = needs.clock
  }

  /** What `verify` says of a password for the username; `RATE_LIMIT_EXCEEDED` without asking it where it has to wait. */
  async check(username: string, ip: string, verify: () => Promise<boolean>): Promise<boolean> {
    const attempt = attemptOf(username.trim().toLowerCase(), networkOf(ip))
    const begun = await this.#db.transaction((trx) => this.#begin(trx, attempt))
    try {
      const right = await verify()
      if (right) await this.#db.transaction((trx) => this.#succeed(trx, attempt.place, begun))
      return right
    } catch (error) {
      // nobody has learnt whether it was right
      await this.#db.transaction((trx) => this.#store.takeBack(trx, keysOf(begun), this.#clock.wallMs()))
      throw error
    }
  }

  /** Counts it; gives what was counted. */
  async #begin(trx: AnyTransaction, { place, counts }: Attempt): Promise<readonly AttemptRow[]> {
    const nowMs = this.#clock.wallMs()
    const keys = counts.map(({ key }) => key)
    const rows = await this.#store.lock(trx, keys, nowMs)
    const isKnown = (rows.get(place)?.knownMs ?? 0) > nowMs
    const asked = counts.flatMap((each) => {
      const row = rows.get(each.key)
      return row && (!isKnown || each.key === place) ? [{ ...each, row }] : []
    })
    const [longest] = asked.toSorted((one, other) => other.row.freeMs - one.row.freeMs)
    if (longest && longest.row.freeMs > nowMs)
      throw apiErrors.RATE_LIMIT_EXCEEDED({
        limited_by: longest.counted === 'address' ? 'ip' : 'username',
        retry_after: Math.ceil((longest.row.freeMs - nowMs) / 1000),
      })
    const more = asked.map(({ row, counted: what }) => ({ ...row, ...counted(row, BACK_OFF[what], nowMs) }))
    await this.#store.save(trx, more)
    await this.#store.forgetSome(trx, nowMs)
    return more
  }

  async #succeed(trx: AnyTransaction, place: string, begun: readonly AttemptRow[]): Promise<void> {
    const nowMs = this.#clock.wallMs()
    const others = keysOf(begun).filter((key) => key !== place)
    await this.#store.lock(trx, keysOf(begun), nowMs)
    await this.#store.takeBack(trx, others, nowMs)
    await this.#store.save(trx, [{ key: place, failures: 0, lastMs: nowMs, freeMs: nowMs, knownMs: nowMs + KNOWN_MS }])
  }
}

function attemptOf(username: string, network: string): Attempt {
  const place = keyOf('place', username, network)
  const counts: Attempt['counts'] = [
    { counted: 'place', key: place },
    { counted: 'address', key: keyOf('address', network) },
    { counted: 'username', key: keyOf('username', username) },
  ]
  return { place, counts: counts.toSorted((one, other) => (one.key < other.key ? -1 : 1)) }
}

function keysOf(rows: readonly AttemptRow[]): string[] {
  return rows.map(({ key }) => key)
}
