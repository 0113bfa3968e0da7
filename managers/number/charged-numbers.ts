import type { UseReference } from '#managers/billing'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { type Timestamp, timestamp } from '#platform/time'
import { renewalReference } from './renewal.ts'

/** Numbers that are looked at in one go. */
const SLICE = 1_000

/** What a number was charged for at the moment at which it was. */
interface Row {
  id: string
  moment: Timestamp
}

/** Bought and renewed numbers, for whoever checks that each of them was charged. Platform-wide. */
export class ChargedNumbers {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** What was bought or renewed last in the period, as the references of their charges; numbers that are gone, too. */
  async *endedBetween(fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<UseReference[]> {
    for await (const slice of this.#slices('tm_purchase', 'tm_purchase is not null', [fromMs, toMs], signal))
      yield slice.map(({ id }) => ({ reference_type: 'number', reference_id: id }))
    for await (const slice of this.#slices('tm_renew', 'tm_renew > tm_purchase', [fromMs, toMs], signal))
      yield slice.map(({ id, moment }) => ({
        reference_type: 'number_renew',
        reference_id: renewalReference(id, moment),
      }))
  }

  async *#slices(
    column: 'tm_purchase' | 'tm_renew',
    where: string,
    [fromMs, toMs]: [number, number],
    signal: AbortSignal,
  ): AsyncGenerator<Row[]> {
    let after: Row = { moment: timestamp(fromMs), id: NIL_UUID }
    for (;;) {
      signal.throwIfAborted()
      const slice = await this.#db.query<Row>(
        `select id, ${column} as moment from numbers
         where ${where} and ${column} < $3 and (${column}, id) > ($1, $2) order by ${column}, id limit $4`,
        [after.moment, after.id, timestamp(toMs), SLICE],
      )
      yield slice
      const last = slice.at(-1)
      if (!last || slice.length < SLICE) return
      after = last
    }
  }
}
