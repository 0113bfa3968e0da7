import type { Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import { type NumberCharges, refundPurchase } from './charges.ts'
import type { Purchase, PurchaseState } from './purchase.ts'
import type { PurchaseStore } from './purchase-store.ts'
import { NumberVendorError } from './vendor.ts'
import type { Vendors } from './vendors.ts'

/** A purchase that has no outcome after so long never gets one from whoever began it. */
const ABANDONED_MS = 10 * 60_000
/** Purchases that one round sees to. */
const MOST_AT_ONCE = 100

/** Hears of each purchase that could not be settled yet. */
export type OnUnsettled = (purchase: Purchase, error: unknown) => void

/** Gives numbers back to their vendors, now or, where a vendor does not answer, by the job that comes again and again. */
export class Releases {
  readonly #db: Database
  readonly #clock: Clock
  readonly #purchases: PurchaseStore
  readonly #vendors: Vendors
  readonly #charges: Pick<NumberCharges, 'refund'>

  constructor(needs: {
    db: Database
    clock: Clock
    purchases: PurchaseStore
    vendors: Vendors
    charges: Pick<NumberCharges, 'refund'>
  }) {
    this.#db = needs.db
    this.#clock = needs.clock
    this.#purchases = needs.purchases
    this.#vendors = needs.vendors
    this.#charges = needs.charges
  }

  /** Undoes a purchase whose number could not be stored; never throws: what fails here the job does. */
  async undo(purchase: Purchase, reference: string): Promise<void> {
    try {
      const releasing = await this.#letGo(purchase, 'buying', { reference })
      if (releasing) await this.#settle(releasing)
    } catch {
      // the row is there: it is `releasing`, or `buying` until it counts as abandoned
    }
  }

  /** Gives back at once what has just been let go; never throws: what fails here the job does. */
  async tryAll(purchases: readonly Purchase[]): Promise<void> {
    await Promise.allSettled(purchases.map((purchase) => this.#settle(purchase)))
  }

  /** Sees to everything that is to be given back, and to what was begun and never ended; gives how many were settled. */
  async settleOpen(signal: AbortSignal, onUnsettled: OnUnsettled): Promise<number> {
    const abandoned = timestamp(this.#clock.wallMs() - ABANDONED_MS)
    let settled = 0
    for (const purchase of await this.#purchases.open(abandoned, MOST_AT_ONCE)) {
      if (signal.aborted) break
      try {
        const releasing = await this.#letGo(purchase, purchase.state)
        if (!releasing) continue
        await this.#settle(releasing)
        settled++
      } catch (error) {
        onUnsettled(purchase, error)
      }
    }
    return settled
  }

  /** From here on it is nobody's number: what was charged for it is given back with the same step. */
  #letGo(purchase: Purchase, from: PurchaseState, change: Partial<Purchase> = {}): Promise<Purchase | undefined> {
    const step = { ...change, state: 'releasing' as const, tm_update: this.#now() }
    return this.#db.transaction(async (trx) => {
      const releasing = await this.#purchases.step(trx, purchase, [from], step)
      if (releasing && from !== 'releasing') await refundPurchase(trx, this.#charges, purchase)
      return releasing
    })
  }

  /** Finds out where it is not known whether anything was bought, and gives it back. */
  async #settle(purchase: Purchase): Promise<void> {
    const { number, id } = purchase
    const vendor = this.#vendors.named(purchase.vendor)
    if (!vendor) throw new NumberVendorError('unreachable', `no vendor ${purchase.vendor} is set up`)
    const reference = purchase.reference || (await vendor.find(number, id))?.reference
    if (reference !== undefined) await vendor.release(number, reference)
    const step = { state: 'released' as const, tm_update: this.#now() }
    await this.#db.transaction((trx) => this.#purchases.step(trx, purchase, ['releasing'], step))
  }

  #now() {
    return timestamp(this.#clock.wallMs())
  }
}
