import type { Refusal } from '#managers/call'
import type { Database, LaneTable, LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'

/** An INVITE that was refused before there was a call. */
export interface RefusedCall {
  id: string
  customer_id: string
  reason: Refusal
  status: number
  /** The Request-URI. */
  dialled: string
  /** The address of From. */
  caller: string
  source_ip: string
  source_port: number
  sip_call_id: string
  tm_create: Timestamp
}

const TABLE: LaneTable = {
  name: 'refused_calls',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    reason: 'text',
    status: 'integer',
    dialled: 'text',
    caller: 'text',
    source_ip: 'text',
    source_port: 'integer',
    sip_call_id: 'text',
    tm_create: 'timestamptz',
  },
  mode: 'append',
  key: ['id'],
}

export function refusedWrite(refused: RefusedCall): LaneWrite {
  return { table: TABLE, row: { ...refused } }
}

/** SQL of refused calls. */
export class RefusedStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<RefusedCall[]> {
    const mine = this.#db
      .kysely<{ refused_calls: RefusedCall }>()
      .selectFrom('refused_calls')
      .selectAll()
      .where('customer_id', '=', customer)
    return pageOf(mine, page).execute()
  }

  /** Platform-wide, for the retention: forgets what is older than the moment; gives how many, at most `most`. */
  async forgetBefore(moment: Timestamp, most: number): Promise<number> {
    const rows = await this.#db.query(
      `delete from refused_calls where id in
         (select id from refused_calls where tm_create < $1 order by tm_create limit $2) returning 1`,
      [moment, most],
    )
    return rows.length
  }
}
