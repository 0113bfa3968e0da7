import type { PlanLimits } from '#managers/billing'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { type NumberCharges, refundPurchase } from './charges.ts'
import type { PhoneNumber } from './contract.ts'
import { numberErrors } from './errors.ts'
import { numberEvents } from './events.ts'
import { type NewNumber, newNumber } from './number.ts'
import type { Purchase } from './purchase.ts'
import type { PurchaseStore } from './purchase-store.ts'
import type { Releases } from './releases.ts'
import type { NumberStore } from './store.ts'
import { type BoughtNumber, type NumberVendor, NumberVendorError, type VendorProblem } from './vendor.ts'

/** The flows of a new number, held by the transaction that stores it. */
export type HoldFlows = (trx: AnyTransaction) => Promise<Pick<NewNumber, 'call_flow_id' | 'message_flow_id'>>

export interface BuyerNeeds {
  db: Database
  clock: Clock
  ids: Ids
  store: NumberStore
  purchases: PurchaseStore
  releases: Releases
  charges: NumberCharges & Pick<PlanLimits, 'lockLimit'>
}

/** A purchase that is begun or gone on with: `wasAsked` where the vendor was asked for it before, and gave no answer. */
type Begun = { purchase: Purchase; wasAsked: boolean }

/**
 * Buys numbers at vendors. The purchase is on disk and paid before the vendor is asked, under the key by which the vendor
 * knows it; the number and its event come in one transaction after that. Whatever happens between, either there is a number
 * that is paid, or what was bought goes back to the vendor and the money to the customer.
 */
export class NumberBuyer {
  readonly #needs: BuyerNeeds

  constructor(needs: BuyerNeeds) {
    this.#needs = needs
  }

  /**
   * Charges a number to the customer and buys it. A customer who was left without an answer (503) and asks again goes on
   * with the same purchase.
   */
  async buy(
    customer: string,
    wanted: Pick<NewNumber, 'number' | 'name' | 'detail'>,
    vendor: NumberVendor,
    holdFlows: HoldFlows,
  ): Promise<PhoneNumber> {
    const begun = await this.#begin(customer, wanted.number, vendor)
    const { purchase } = begun
    const bought = await this.#ask(begun, vendor)
    try {
      return await this.#needs.db.transaction(async (trx) =>
        this.#keep(trx, purchase, bought, { ...wanted, ...(await holdFlows(trx)) }),
      )
    } catch (error) {
      await this.#needs.releases.undo(purchase, bought.reference)
      throw error
    }
  }

  /** A purchase that goes on is paid already, and is not charged again. */
  #begin(customer_id: string, number: string, vendor: NumberVendor): Promise<Begun> {
    const { db, ids, store, purchases, charges } = this.#needs
    const now = this.#now()
    const pay = (trx: AnyTransaction, { number_id: reference_id }: Purchase) =>
      charges.charge(trx, customer_id, { cost_type: 'number', reference_type: 'number', reference_id, number })
    return db.transaction(async (trx) => {
      if (await store.isTaken(trx, number)) throw numberErrors.NUMBER_ALREADY_EXISTS({ number })
      const unsure = await purchases.resume(trx, customer_id, number, now)
      if (unsure) {
        await pay(trx, unsure)
        return { purchase: unsure, wasAsked: true }
      }
      const purchase: Purchase = {
        id: ids.uuid(),
        customer_id,
        number_id: ids.uuid(),
        number,
        vendor: vendor.name,
        state: 'buying',
        reference: '',
        tm_create: now,
        tm_update: now,
      }
      if (!(await purchases.insert(trx, customer_id, purchase))) throw numberErrors.NUMBER_ALREADY_EXISTS({ number })
      await pay(trx, purchase)
      return { purchase, wasAsked: false }
    })
  }

  async #ask(begun: Begun, vendor: NumberVendor): Promise<BoughtNumber> {
    const { purchase } = begun
    try {
      return await vendor.buy(purchase.number, purchase.id)
    } catch (error) {
      if (!(error instanceof NumberVendorError)) throw error
      await this.#notBought(begun, error.problem)
      throw error.problem === 'not_available'
        ? numberErrors.NUMBER_NOT_AVAILABLE({ number: purchase.number })
        : numberErrors.NUMBER_PROVIDER_UNAVAILABLE()
    }
  }

  /**
   * Forgets a purchase only where nothing can have been bought. Where an earlier try had no answer the vendor may refuse this
   * one because it has sold the number already: the job asks it what it has sold, and gives that back.
   */
  async #notBought({ purchase, wasAsked }: Begun, problem: VendorProblem): Promise<void> {
    const { db, purchases, charges } = this.#needs
    const isSure = problem !== 'unreachable'
    const state = isSure ? ('releasing' as const) : ('unsure' as const)
    await db.transaction(async (trx) => {
      const left =
        isSure && !wasAsked
          ? await purchases.remove(trx, purchase)
          : await purchases.step(trx, purchase, ['buying'], { state, tm_update: this.#now() })
      if (left && isSure) await refundPurchase(trx, charges, purchase)
    })
  }

  async #keep(
    trx: AnyTransaction,
    purchase: Purchase,
    { reference, t38_enabled, emergency_enabled }: BoughtNumber,
    wanted: NewNumber,
  ): Promise<PhoneNumber> {
    const { charges, purchases, store, clock, ids } = this.#needs
    const { customer_id, number_id: id, number } = purchase
    const now = this.#now()
    const held = await purchases.step(trx, purchase, ['buying'], { state: 'held', reference, tm_update: now })
    if (!held) throw numberErrors.NUMBER_PROVIDER_UNAVAILABLE() // it took so long that it was given back
    await charges.lockLimit(trx, customer_id, 'virtual_numbers') // it was not deleted, and is not meanwhile
    const of = { id, customer_id, type: 'normal' as const, t38_enabled, emergency_enabled }
    const kept = newNumber(wanted, { ...of, tm_purchase: now, tm_renew: now, tm_create: now })
    if (!(await store.insert(trx, customer_id, kept))) throw numberErrors.NUMBER_ALREADY_EXISTS({ number })
    await appendEvents(trx, [numberEvents.number_created(kept)], { clock, ids })
    return kept
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}
