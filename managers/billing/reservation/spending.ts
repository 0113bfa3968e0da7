import type { AnyTransaction } from '#platform/db'
import { timestamp, timestampToMs } from '#platform/time'
import { bucketOf, UsageStore, WHOLE_CUSTOMER } from '../caps/usage-store.ts'
import { isCounted, moneyOf, type Reservation } from './reservation.ts'
import { ReservationStore } from './reservation-store.ts'

/** Intervals that were reserved, or are given back where they are negative. */
export interface SpentUnits {
  reservation: Pick<Reservation, 'cost_type' | 'rate' | 'credential_kind' | 'credential_id' | 'quarantine'>
  units: number
}

/** Keeps what was spent by whom and when in step with reservations: in the transaction that changes them. */
export class Spending {
  readonly #store = new ReservationStore()
  readonly #usage = new UsageStore()

  /** What was reserved counts from the step of time in which it was. */
  async add(trx: AnyTransaction, customer: string, spent: readonly SpentUnits[], atMs: number): Promise<void> {
    const tm_bucket = bucketOf(atMs)
    const buckets = spent.flatMap(({ reservation, units }) => {
      const amount = amountOf(reservation, units)
      const { credential_kind: kind, credential_id: subject_id } = reservation
      return [
        { kind: WHOLE_CUSTOMER.kind, subject_id: WHOLE_CUSTOMER.id, tm_bucket, ...amount },
        ...(kind === '' ? [] : [{ kind, subject_id, tm_bucket, ...amount }]),
      ]
    })
    await this.#usage.add(trx, customer, buckets)
    for (const { reservation, units } of spent) {
      const { quarantine: destination } = reservation
      if (destination === '') continue
      const tm_create = timestamp(atMs)
      await this.#usage.addQuarantine(trx, customer, { destination, tm_create, ...amountOf(reservation, units) })
    }
  }

  /**
   * Closes an open reservation that took so many intervals in the end: those that it did not need are given back where they
   * were counted, those that nobody could reserve are counted now. False where it was closed before.
   */
  async close(
    trx: AnyTransaction,
    reservation: Reservation,
    { status, units, atMs }: { status: 'settled' | 'released'; units: number; atMs: number },
  ): Promise<boolean> {
    const { customer_id, id, tm_extend } = reservation
    if (!(await this.#store.close(trx, customer_id, id, { status, tm_end: timestamp(atMs) }))) return false
    const more = units - reservation.units
    const countedMs = more < 0 ? (timestampToMs(tm_extend) ?? atMs) : atMs
    if (more !== 0) await this.add(trx, customer_id, [{ reservation, units: more }], countedMs)
    return true
  }
}

function amountOf(reservation: SpentUnits['reservation'], units: number): { seconds: number; money: number } {
  const { rate } = reservation
  return { seconds: isCounted(reservation) ? rate.unit_seconds * units : 0, money: moneyOf(rate, units) }
}
