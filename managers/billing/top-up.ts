import type { AnyTransaction, Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import { allowanceReference, type BillingAccount, firstOfNextMonth, PLAN_TOKENS } from './account.ts'
import type { BillingRecord } from './billing.ts'
import type { Movement } from './charge.ts'
import type { Ledger } from './ledger.ts'
import type { BillingStore } from './store.ts'

/** Accounts that one round tops up. */
const MOST = 100

/**
 * Sets the tokens of an account, which the transaction has locked, to what its plan gives, but not below what is set aside for
 * uses that go on; the row says the true difference. The unlimited plan has no allowance: its tokens stay.
 */
export async function resetTokens(
  ledger: Ledger,
  trx: AnyTransaction,
  account: BillingAccount,
  why: Omit<Movement, 'amount_token' | 'amount_credit' | 'note'>,
): Promise<BillingRecord> {
  const { plan_type, balance_token } = account
  if (plan_type === 'unlimited')
    return ledger.move(trx, account, { ...why, amount_token: 0, amount_credit: 0, note: 'no allowance' })
  const allowance = PLAN_TOKENS[plan_type]
  const held = await ledger.heldOf(trx, account.id)
  const tokens = Math.max(allowance, held.token)
  const note = `allowance ${allowance}${tokens > allowance ? `, ${held.token} set aside` : ''}`
  return ledger.move(trx, account, { ...why, amount_token: tokens - balance_token, amount_credit: 0, note })
}

/** Gives every account the tokens of its plan once a month. */
export class MonthlyTopUp {
  readonly #needs: { db: Database; clock: Clock; store: BillingStore; ledger: Ledger }

  constructor(needs: { db: Database; clock: Clock; store: BillingStore; ledger: Ledger }) {
    this.#needs = needs
  }

  /**
   * Tops some accounts up that are due; gives how many. Safe to repeat and to run on several nodes. One that fails keeps no other
   * from its tokens; the first failure is thrown at the end.
   */
  async topUpSome(): Promise<number> {
    const { store, db } = this.#needs
    const { now, next } = this.#times()
    const due = await store.topUpDue(now, next, MOST)
    const failures: unknown[] = []
    for (const id of due)
      await db.transaction((trx) => this.#topUp(trx, id)).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    return due.length
  }

  /** Unless somebody else has done it since it was looked up. */
  async #topUp(trx: AnyTransaction, id: string): Promise<void> {
    const { store, ledger } = this.#needs
    const { now, next } = this.#times()
    const account = await store.lockAccount(trx, id)
    if (!account || account.tm_delete !== null) return
    const due = account.tm_next_topup
    if (due !== null && due > now) {
      if (due > next) await store.change(trx, id, { tm_next_topup: next, tm_update: now })
      return
    }
    const topped = await store.change(trx, id, { tm_last_topup: now, tm_next_topup: next, tm_update: now })
    const reference_id = allowanceReference(id, now)
    await resetTokens(ledger, trx, topped, {
      transaction_type: 'top_up',
      reference_type: 'monthly_allowance',
      reference_id,
    })
  }

  #times() {
    const now = timestamp(this.#needs.clock.wallMs())
    return { now, next: firstOfNextMonth(now) }
  }
}
