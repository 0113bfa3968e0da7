import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import { timestamp, timestampToMs } from '#platform/time'
import type { RerateRequest, Rerating } from './ledger-contract.ts'
import { priceOf } from './rate/price.ts'
import { type PricedCharge, RerateStore } from './rerate-store.ts'

/** Charges that are looked at in one go. */
const SLICE = 2_000
const MOST_LISTED = 100

type Money = Rerating['booked']

/** Computes charges anew: by the version that priced them, from what was used and the tokens that there were. */
export class Rerater {
  readonly #store: RerateStore

  constructor(db: Database) {
    this.#store = new RerateStore(db)
  }

  /** Of every customer unless one is named. Changes nothing; the sums of honest books are equal. */
  async rerate({ from, to, customer_id }: RerateRequest, signal?: AbortSignal): Promise<Rerating> {
    const [fromMs, toMs] = [timestampToMs(from) ?? 0, timestampToMs(to) ?? 0]
    if (fromMs >= toMs) throw apiErrors.INVALID_ARGUMENT({ field: 'to', issue: 'must be later than from' })
    const period = { from: timestamp(fromMs), to: timestamp(toMs), customer_id: customer_id?.toLowerCase() }
    const found: Rerating = { charges: 0, booked: nothing(), computed: nothing(), differing: 0, differences: [] }
    let after: PricedCharge | undefined
    do {
      signal?.throwIfAborted()
      const slice = await this.#store.charges(period, after, SLICE)
      for (const charge of slice) compare(found, charge)
      after = slice.length < SLICE ? undefined : slice.at(-1)
    } while (after)
    return found
  }
}

function compare(found: Rerating, charge: PricedCharge): void {
  const booked = { amount_token: charge.amount_token, amount_credit: charge.amount_credit }
  const computed = computedOf(charge)
  found.charges++
  add(found.booked, booked)
  add(found.computed, computed)
  if (booked.amount_token === computed.amount_token && booked.amount_credit === computed.amount_credit) return
  found.differing++
  if (found.differences.length < MOST_LISTED) found.differences.push({ billing_id: charge.id, booked, computed })
}

function computedOf({ enforced, rate, usage_duration, billable_units, token_available }: PricedCharge): Money {
  if (!enforced || !rate) return nothing()
  const use = rate.unit_seconds === 0 ? { count: billable_units } : { seconds: usage_duration }
  const { tokens, credit } = priceOf(rate, use, token_available)
  return { amount_token: 0 - tokens, amount_credit: 0 - credit }
}

function nothing(): Money {
  return { amount_token: 0, amount_credit: 0 }
}

function add(sum: Money, amount: Money): void {
  sum.amount_token += amount.amount_token
  sum.amount_credit += amount.amount_credit
}
