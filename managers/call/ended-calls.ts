import type { UseReference } from '#managers/billing'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { type Timestamp, timestamp } from '#platform/time'
import type { Call } from './call.ts'
import { costOf } from './cost-of.ts'

/** Calls that are looked at in one go. */
const SLICE = 1_000

type Ended = Pick<Call, 'id' | 'customer_id' | 'direction' | 'source' | 'destination'> & { tm_hangup: Timestamp }

/** Paid calls that are over, for whoever checks that each of them was charged. Platform-wide. */
export class EndedCalls {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Calls that were answered and ended in the period, as the references of their charges; free ones are left out. */
  async *endedBetween(fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<UseReference[]> {
    const to = timestamp(toMs)
    let after = { tm_hangup: timestamp(fromMs), id: NIL_UUID }
    for (;;) {
      signal.throwIfAborted()
      const slice = await this.#slice(after, to)
      yield slice.filter(costOf).map(({ id }) => ({ reference_type: 'call', reference_id: id }))
      const last = slice.at(-1)
      if (!last || slice.length < SLICE) return
      after = last
    }
  }

  #slice({ tm_hangup, id }: { tm_hangup: Timestamp; id: string }, to: Timestamp): Promise<Ended[]> {
    return this.#db.query<Ended>(
      `select id, customer_id, direction, source, destination, tm_hangup from calls
       where tm_hangup >= $1 and tm_hangup < $3 and (tm_hangup, id) > ($1, $2) and tm_progressing is not null
       order by tm_hangup, id limit $4`,
      [tm_hangup, id, to, SLICE],
    )
  }
}
