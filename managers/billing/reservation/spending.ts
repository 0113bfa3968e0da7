import type { AnyTransaction } from '#platform/db'
import { timestamp, timestampToMs } from '#platform/time'
import { type BucketChange, bucketOf, OUTSIDE, UsageStore, WHOLE_CUSTOMER } from '../caps/usage-store.ts'
import { isCounted, moneyOf, type Reservation } from './reservation.ts'
import { ReservationStore } from './reservation-store.ts'

/** Intervals that were reserved, or are given back where they are negative. */
export interface SpentUnits {
  reservation: Pick<Reservation, 'cost_type' | 'rate' | 'credential_kind' | 'credential_id' | 'quarantine'>
  units: number
  /** When they were; wall clock. */
  atMs: number
}

/** Keeps what was spent by whom and when in step with reservations: in the transaction that changes them. */
export class Spending {
  readonly #store = new ReservationStore()
  readonly #usage = new UsageStore()

  /** What was reserved counts from the step of time in which it was. */
  async add(trx: AnyTransaction, customer: string, spent: readonly SpentUnits[]): Promise<void> {
    const buckets = spent.flatMap(({ reservation, units, atMs }): BucketChange[] => {
      const amount = amountOf(reservation, units)
      const tm_bucket = bucketOf(atMs)
      const { credential_kind: kind, credential_id: subject_id } = reservation
      if (kind === '') return [{ kind: OUTSIDE.kind, subject_id: OUTSIDE.id, tm_bucket, ...amount }]
      return [
        { kind: WHOLE_CUSTOMER.kind, subject_id: WHOLE_CUSTOMER.id, tm_bucket, ...amount },
        { kind, subject_id, tm_bucket, ...amount },
      ]
    })
    const quarantined = spent.filter(({ reservation }) => reservation.quarantine !== '')
    await Promise.all([
      this.#usage.add(trx, customer, buckets),
      ...quarantined.map(({ reservation, units, atMs }) => {
        const [destination, tm_create] = [reservation.quarantine, timestamp(atMs)]
        const outside = reservation.credential_kind === ''
        const spent = amountOf(reservation, units)
        return this.#usage.addQuarantine(trx, customer, { destination, outside, tm_create, ...spent })
      }),
    ])
  }

  /**
   * Closes open reservations, each of which took so many intervals in the end: those that it did not need are given back where
   * they were counted, those that nobody could reserve are counted now. Gives the ids of those that were not closed before.
   */
  async close(
    trx: AnyTransaction,
    customer: string,
    ends: readonly { reservation: Reservation; status: 'settled' | 'released'; units: number }[],
    atMs: number,
  ): Promise<ReadonlySet<string>> {
    const ids = ends.map(({ reservation, status }) => ({ id: reservation.id, status }))
    const closed = new Set(await this.#store.close(trx, customer, ids, timestamp(atMs)))
    const changed = ends.flatMap(({ reservation, units }) => {
      const more = units - reservation.units
      if (more === 0 || !closed.has(reservation.id)) return []
      return [{ reservation, units: more, atMs: more < 0 ? (timestampToMs(reservation.tm_extend) ?? atMs) : atMs }]
    })
    await this.add(trx, customer, changed)
    return closed
  }

  /** Open reservations that nobody will use hold nothing any more, and what they were counted with is given back. */
  async lapse(trx: AnyTransaction, customer: string, reservations: readonly Reservation[]): Promise<void> {
    const nothing = { units: 0, amount_token: 0, amount_credit: 0, money: 0 }
    const lapsed = reservations.map(({ id, units, begun, most_units, tm_extend }) => {
      return { id, ...nothing, begun, most_units: most_units ?? units, tm_extend }
    })
    const back = reservations.map((reservation) => {
      return { reservation, units: 0 - reservation.units, atMs: timestampToMs(reservation.tm_extend) ?? 0 }
    })
    await Promise.all([this.#store.extend(trx, customer, lapsed), this.add(trx, customer, back)])
  }
}

function amountOf(reservation: SpentUnits['reservation'], units: number): { seconds: number; money: number } {
  const { rate } = reservation
  return { seconds: isCounted(reservation) ? rate.unit_seconds * units : 0, money: moneyOf(rate, units) }
}
