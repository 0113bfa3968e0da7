import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'

const DAY_MS = 86_400_000
const EVERY_MS = 3_600_000

/**
 * Drops the ledger's partitions of days before `firstKept` (`2026-01-31`, UTC) and says which. Cursors stay, and the heads
 * note how far it went.
 */
export async function dropLedgerBefore(db: Database, firstKept: string): Promise<string[]> {
  await db.query('SELECT ledger_give_up_before($1)', [firstKept])
  const rows = await db.query<{ part: string }>('SELECT ledger_drop_before($1) AS part', [firstKept])
  return rows.map(({ part }) => part)
}

/** Forgets, hour by hour, the days of the ledger that are older than what is kept. */
export class LedgerRetention {
  readonly #needs: { db: Database; clock: Clock; log: Log; keepDays: number }
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(needs: { db: Database; clock: Clock; log: Log; keepDays: number }) {
    this.#needs = needs
  }

  /** Begins now, and again every hour. */
  start(): void {
    this.#running = this.#round()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }

  /** Forgets the days before that moment. */
  async purge(before: string): Promise<void> {
    const dropped = await dropLedgerBefore(this.#needs.db, before.slice(0, 10))
    if (dropped.length > 0) this.#needs.log.info({ dropped }, 'days of the ledger were dropped')
  }

  async #round(): Promise<void> {
    const { clock, keepDays, log } = this.#needs
    try {
      await this.purge(timestamp(clock.wallMs() - keepDays * DAY_MS))
    } catch (error) {
      log.warn({ error }, 'old days of the ledger could not be dropped yet')
    }
    if (!this.#isStopped) this.#timer = clock.after(EVERY_MS, () => this.start())
  }
}
