import { type Database, DatabaseUnavailable } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, timestamp, timestampToMs } from '#platform/time'
import type { Audit } from '../ledger-contract.ts'
import { AuditStore, type Balance, type UseReference } from './audit-store.ts'

/** Accounts that are added up in one go. */
const SLICE = 200
const MOST_LISTED = 100
const HOUR_MS = 3_600_000
/**
 * What ended since the last check is looked at, with some time before it, and never less than this. What ended since the
 * second one is still being settled.
 */
const BACK_MS = 26 * HOUR_MS
const OVERLAP_MS = HOUR_MS
const SETTLING_MS = 10 * 60_000
/** Nothing that holds money goes on for so long without asking for more: calls end, and what has no record is let go, before. */
const STUCK_MS = 2.5 * HOUR_MS

/** Checks come every hour; after two that did not the result says nothing of now. */
const STALE_MS = 3 * HOUR_MS

const NEVER: Audit = { tm_audit: null, accounts: 0, unbalanced: [], uncharged: [], stuck: [] }

/** What was used and has to be paid, as whoever measures it knows it. */
export interface EndedUses {
  /** Uses that ended in the period, in slices; each is to have one row. */
  endedBetween(fromMs: number, toMs: number, signal: AbortSignal): AsyncIterable<readonly UseReference[]>
}

export interface AuditorNeeds {
  db: Database
  clock: Clock
  log: Log
  /** Who measures uses; nobody unless said. */
  uses?: readonly EndedUses[]
}

/**
 * Checks the books: the balance of every account is the sum of its rows, what was used has its row, and nothing holds money
 * for ever. Two rows for one use cannot be: an index refuses the second.
 */
export class Auditor {
  readonly #needs: AuditorNeeds
  readonly #store: AuditStore

  constructor(needs: AuditorNeeds) {
    this.#needs = needs
    this.#store = new AuditStore(needs.db)
  }

  /** Checks everything, keeps what was found, and tells the log of what is wrong. */
  async run(signal: AbortSignal): Promise<Audit> {
    const { clock, log } = this.#needs
    const found: Audit = { ...NEVER, tm_audit: timestamp(clock.wallMs()), unbalanced: [], uncharged: [] }
    await this.#addUp(found, signal)
    await this.#lookForUncharged(found, signal)
    found.stuck = await this.#store.stuck(timestamp(clock.wallMs() - STUCK_MS), MOST_LISTED)
    await this.#store.keep(found.tm_audit ?? '', found)
    const { accounts, unbalanced, uncharged, stuck } = found
    if (isClean(found)) log.info({ accounts }, 'the books are right')
    else log.error({ accounts, unbalanced, uncharged, stuck }, 'the books are wrong')
    return found
  }

  /** What the last check has found; nothing where there was none. */
  async last(): Promise<Audit> {
    return { ...NEVER, ...(await this.#store.last()) }
  }

  /**
   * Whether the books are right, as far as it is known. What the last check has found wrong is looked at again first: it may
   * have been settled since. `stale` where the last check is too old to say; while the database is away nobody says otherwise.
   */
  async health(): Promise<boolean | 'stale'> {
    try {
      const last = await this.last()
      if (!isClean(last)) return !(await this.#isStillWrong(last))
      const checkedMs = timestampToMs(last.tm_audit ?? '')
      return checkedMs !== undefined && this.#needs.clock.wallMs() - checkedMs > STALE_MS ? 'stale' : true
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return true
      throw error
    }
  }

  async #isStillWrong({ unbalanced, uncharged, stuck }: Audit): Promise<boolean> {
    const [wrong, missing, held] = await Promise.all([
      this.#store.unbalanced(unbalanced.map(({ account_id }) => account_id)),
      this.#store.uncharged(uncharged),
      this.#store.held(stuck),
    ])
    return wrong.length + missing.length + held.length > 0
  }

  async #addUp(found: Audit, signal: AbortSignal): Promise<void> {
    for (let after = NIL_UUID; ; ) {
      signal.throwIfAborted()
      const balances = await this.#store.balances(after, SLICE)
      found.accounts += balances.length
      for (const balance of balances) if (!isBalanced(balance)) list(found.unbalanced, shown(balance))
      const last = balances.at(-1)
      if (!last || balances.length < SLICE) return
      after = last.account_id
    }
  }

  async #lookForUncharged(found: Audit, signal: AbortSignal): Promise<void> {
    const nowMs = this.#needs.clock.wallMs()
    const lastMs = timestampToMs((await this.last()).tm_audit ?? '') ?? nowMs
    const backMs = Math.min(nowMs - BACK_MS, lastMs - OVERLAP_MS)
    const fromMs = Math.max(backMs, await this.#store.ledgerSinceMs())
    for (const uses of this.#needs.uses ?? [])
      for await (const slice of uses.endedBetween(fromMs, nowMs - SETTLING_MS, signal))
        for (const use of await this.#store.uncharged(slice)) list(found.uncharged, use)
  }
}

function isClean({ unbalanced, uncharged, stuck }: Audit): boolean {
  return unbalanced.length === 0 && uncharged.length === 0 && stuck.length === 0
}

function isBalanced({ balance_token, balance_credit, booked_token, booked_credit }: Balance): boolean {
  return balance_token === booked_token && balance_credit === booked_credit
}

function shown({ account_id, balance_token, balance_credit, booked_token, booked_credit }: Balance) {
  return {
    account_id,
    booked: { amount_token: booked_token, amount_credit: booked_credit },
    balance: { amount_token: balance_token, amount_credit: balance_credit },
  }
}

function list<T>(listed: T[], item: T): void {
  if (listed.length < MOST_LISTED) listed.push(item)
}
