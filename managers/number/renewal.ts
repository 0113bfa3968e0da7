import { billingErrors } from '#managers/billing/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors } from '#platform/http'
import { type Ids, uuidOfName } from '#platform/ids'
import { type Clock, type Timestamp, timestamp, timestampToMs } from '#platform/time'
import type { NumberCharges } from './charges.ts'
import type { PhoneNumber } from './contract.ts'
import { numberErrors } from './errors.ts'
import { numberEvents } from './events.ts'
import { type Due, NumberStore } from './store.ts'

const DAY_MS = 86_400_000
/** A number is renewed when so many days have passed. */
export const RENEWAL_DAYS = 28
const BATCH = 100
/** Numbers that one request renews; whoever has more asks again. */
export const MOST_RENEWED = 1_000

export interface RenewalNeeds {
  db: Database
  clock: Clock
  ids: Ids
  charges: NumberCharges
  /** Gives a number back that its customer does not pay for. */
  numbers: { delete(customer: string, id: string): Promise<PhoneNumber> }
  /** Days for which a number that could not be renewed stays. */
  graceDays: number
}

/** What became of a number whose time was up. */
type Outcome = { what: 'renewed'; number: PhoneNumber } | { what: 'unpaid' | 'gone' }

/**
 * Renews numbers: the fee of a calendar month is charged at most once for each number, together with the new `tm_renew`. A
 * number whose customer has not the money is announced (`number_renewal_failed`), stays for the days of grace and is renewed
 * by the next run that finds the money; after them it is given back.
 */
export class NumberRenewals {
  readonly #needs: RenewalNeeds
  readonly #store: NumberStore

  constructor(needs: RenewalNeeds) {
    this.#needs = needs
    this.#store = new NumberStore(needs.db)
  }

  /**
   * Platform-wide: renews what was renewed last before `tm_renew`, at most 1,000 numbers, and gives these. Throws
   * `INSUFFICIENT_BALANCE` where there were some and none of them could be paid for.
   */
  async renewBefore(tm_renew: string): Promise<PhoneNumber[]> {
    const beforeMs = timestampToMs(tm_renew)
    if (beforeMs === undefined) throw apiErrors.INVALID_ARGUMENT({ field: 'tm_renew', issue: 'is no timestamp' })
    if (beforeMs > this.#needs.clock.wallMs())
      throw apiErrors.INVALID_ARGUMENT({ field: 'tm_renew', issue: 'must not be in the future' })
    const renewed: PhoneNumber[] = []
    let unpaid = 0
    for await (const outcome of this.#renew(timestamp(beforeMs))) {
      if (outcome.what === 'renewed') renewed.push(outcome.number)
      if (outcome.what === 'unpaid') unpaid++
      if (renewed.length >= MOST_RENEWED) break
    }
    if (renewed.length === 0 && unpaid > 0) throw billingErrors.INSUFFICIENT_BALANCE()
    return renewed
  }

  /**
   * Platform-wide: renews everything that comes to 28 days before the day is over, so that with one run a day no number ever
   * waits longer. For the job.
   */
  async renewDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#needs
    const endOfDayMs = (Math.floor(clock.wallMs() / DAY_MS) + 1) * DAY_MS
    for await (const _ of this.#renew(timestamp(endOfDayMs - RENEWAL_DAYS * DAY_MS))) if (signal.aborted) return
  }

  /** One number after the other, each in a transaction of its own; those that stay unpaid are passed over. */
  async *#renew(before: Timestamp): AsyncGenerator<Outcome> {
    let batch: Due[] = []
    do {
      batch = await this.#store.due(before, batch.at(-1), BATCH)
      for (const due of batch) yield await this.#renewOne(due, before)
    } while (batch.length === BATCH)
  }

  async #renewOne(due: Due, before: Timestamp): Promise<Outcome> {
    try {
      const number = await this.#needs.db.transaction((trx) => this.#charge(trx, due, before))
      return { what: 'renewed', number }
    } catch (error) {
      if (numberErrors.NUMBER_NOT_FOUND.is(error)) return { what: 'gone' }
      const isUnpaid = billingErrors.INSUFFICIENT_BALANCE.is(error) || billingErrors.ACCOUNT_SUSPENDED.is(error)
      if (!isUnpaid) throw error
      return await this.#unpaid(due)
    }
  }

  /** The account is locked first, as by whoever deletes a customer. */
  async #charge(trx: AnyTransaction, { id, customer_id, number }: Due, before: Timestamp): Promise<PhoneNumber> {
    const now = this.#now()
    const reference_id = renewalReference(id, now)
    const reason = { cost_type: 'number_renew', reference_type: 'number_renew' } as const
    await this.#needs.charges.charge(trx, customer_id, { ...reason, reference_id, number })
    const change = { tm_renew: now, tm_release: null, tm_update: now }
    const renewed = await this.#store.updateDue(trx, customer_id, id, before, change)
    if (!renewed) throw numberErrors.NUMBER_NOT_FOUND({ number_id: id }) // given back or renewed by somebody else meanwhile
    await appendEvents(trx, [numberEvents.number_renewed(renewed)], this.#needs)
    return renewed
  }

  /** Warns once; after the days of grace the number goes. */
  async #unpaid({ id, customer_id, tm_release }: Due): Promise<Outcome> {
    const { db, clock, numbers, graceDays } = this.#needs
    const now = this.#now()
    if (tm_release === null) {
      const change = { tm_release: timestamp(clock.wallMs() + graceDays * DAY_MS), tm_update: now }
      await db.transaction(async (trx) => {
        const warned = await this.#store.warn(trx, customer_id, id, change)
        if (warned) await appendEvents(trx, [numberEvents.number_renewal_failed(warned)], this.#needs)
      })
    } else if (tm_release <= now) {
      await numbers.delete(customer_id, id).catch((error) => {
        if (!numberErrors.NUMBER_NOT_FOUND.is(error)) throw error
      })
    }
    return { what: 'unpaid' }
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** Names the fee of a number for the calendar month of a moment, so that it is charged once. */
export function renewalReference(id: string, moment: Timestamp): string {
  return uuidOfName(`number_renew ${id} ${moment.slice(0, 7)}`)
}
