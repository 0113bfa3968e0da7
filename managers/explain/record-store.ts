import type { Database, LaneTable, LaneWrite } from '#platform/db'
import type { Timestamp } from '#platform/time'

/** A record as it is kept. */
export interface StoredRecord {
  data: Buffer
  /** Written after the call's end: nothing is missing. */
  complete: boolean
  tm_update: Timestamp
}

const TABLE: LaneTable = {
  name: 'call_records',
  columns: {
    call_id: 'uuid',
    customer_id: 'uuid',
    data: 'bytea',
    complete: 'boolean',
    tm_create: 'timestamptz',
    tm_update: 'timestamptz',
  },
  mode: 'upsert',
  key: ['call_id'],
}

/** The write of a record, for the lanes. */
export function recordWrite(
  row: { call_id: string; customer_id: string; tm_create: Timestamp } & StoredRecord,
): LaneWrite {
  return { table: TABLE, row: { ...row, data: `\\x${row.data.toString('hex')}` } }
}

/** SQL of records. */
export class RecordStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async find(customer: string, call_id: string): Promise<StoredRecord | undefined> {
    const rows = await this.#db.query<StoredRecord>(
      'select data, complete, tm_update from call_records where customer_id = $1 and call_id = $2',
      [customer, call_id],
    )
    return rows[0]
  }

  /** Platform-wide, for the retention: forgets records of calls that began before the moment; gives how many, at most `most`. */
  async forgetBefore(moment: Timestamp, most: number): Promise<number> {
    const rows = await this.#db.query(
      `delete from call_records where call_id in
         (select call_id from call_records where tm_create < $1 order by tm_create limit $2) returning 1`,
      [moment, most],
    )
    return rows.length
  }
}
