import { SYSTEM_CUSTOMER_ID, type UseReference } from '#managers/billing'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { type Timestamp, timestamp } from '#platform/time'

/** Recordings that are looked at in one go. */
const SLICE = 1_000

/** Recordings that are over, for whoever checks that each of them was charged. Platform-wide. */
export class EndedRecordings {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Those that began to record and ended in the period, as the references of their charges; deleted ones too. */
  async *endedBetween(fromMs: number, toMs: number, signal: AbortSignal): AsyncGenerator<UseReference[]> {
    const to = timestamp(toMs)
    let after = { tm_end: timestamp(fromMs), id: NIL_UUID }
    for (;;) {
      signal.throwIfAborted()
      const slice = await this.#slice(after, to)
      yield slice.map(({ id }) => ({ reference_type: 'recording', reference_id: id }))
      const last = slice.at(-1)
      if (!last || slice.length < SLICE) return
      after = last
    }
  }

  /** The platform's own customer is never billed. */
  #slice(after: { tm_end: Timestamp; id: string }, to: Timestamp): Promise<{ tm_end: Timestamp; id: string }[]> {
    return this.#db.query(
      `select id, tm_end from recordings
       where tm_end >= $1 and tm_end < $3 and (tm_end, id) > ($1, $2) and tm_start is not null and customer_id <> $5
       order by tm_end, id limit $4`,
      [after.tm_end, after.id, to, SLICE, SYSTEM_CUSTOMER_ID],
    )
  }
}
