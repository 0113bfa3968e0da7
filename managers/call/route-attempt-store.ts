import type { AnyTransaction, Database, LaneTable, LaneWrite } from '#platform/db'
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

  /** Platform-wide, for calls of a dead life: the provider that each of them was led to last, by its id. */
  async providersOf(trx: AnyTransaction, calls: readonly { id: string; customer_id: string }[]) {
    if (calls.length === 0) return new Map<string, string>()
    const rows = await trx
      .kysely<Tables>()
      .selectFrom('call_routes')
      .distinctOn('call_id')
      .select(['call_id', 'provider_id'])
      .where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('customer_id', 'call_id'),
          'in',
          calls.map(({ customer_id, id }) => tuple(customer_id, id)),
        ),
      )
      .orderBy('call_id')
      .orderBy('attempt', 'desc')
      .execute()
    return new Map(rows.map(({ call_id, provider_id }) => [call_id, provider_id]))
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
