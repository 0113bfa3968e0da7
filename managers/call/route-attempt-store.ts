import type { Database, LaneTable, LaneWrite } from '#platform/db'
import type { RouteAttemptRecord } from './route-attempt.ts'

interface Tables {
  call_routes: RouteAttemptRecord
}

const TABLE: LaneTable = {
  name: 'call_routes',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    call_id: 'uuid',
    attempt: 'integer',
    route_id: 'uuid',
    provider_id: 'uuid',
    outcome: 'text',
    sip_status: 'integer',
    cause: 'integer',
    tm_create: 'timestamptz',
    tm_end: 'timestamptz',
  },
  mode: 'upsert',
  key: ['id'],
}

/** The write of an attempt as it is now. */
export function routeAttemptWrite(attempt: RouteAttemptRecord): LaneWrite {
  return { table: TABLE, row: { ...attempt } }
}

/** SQL of the attempts over routes. */
export class RouteAttemptStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Of one call, in the order in which they were made. */
  ofCall(customer: string, call_id: string): Promise<RouteAttemptRecord[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('call_routes')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('call_id', '=', call_id)
      .orderBy('attempt')
      .execute()
  }
}
