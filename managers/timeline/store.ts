import { type RawBuilder, sql } from 'kysely'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { PlacedEvent, TimelineRequest } from './timeline-page.ts'

/** A resource as the ledger names it: `call` and its id. */
export interface Subject {
  resource: string
  resource_id: string
}

/** The nil UUID written out, so that the planner sees that the index of the activeflows' events will do. */
const NIL = sql.raw(`'${NIL_UUID}'::uuid`)

/** SQL of timelines: reads of the ledger, newest first by position, `size + 1` events. */
export class TimelineStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** What happened to a resource. */
  async ofResource(
    customer: string,
    { resource, resource_id }: Subject,
    page: TimelineRequest,
  ): Promise<PlacedEvent[]> {
    const { rows } = await events(
      customer,
      sql`resource_id = ${resource_id}::uuid AND resource = ${resource}`,
      page,
    ).execute(this.#db.kysely())
    return rows
  }

  /** What happened to everything of an activeflow, and to itself. */
  async ofActiveflow(customer: string, id: string, page: TimelineRequest): Promise<PlacedEvent[]> {
    const itself = sql`resource_id = ${id}::uuid AND resource = 'activeflow' AND activeflow_id <> ${id}::uuid`
    const belongs = sql`activeflow_id = ${id}::uuid AND activeflow_id <> ${NIL}`
    const { rows } = await sql<PlacedEvent>`
      SELECT * FROM ((${events(customer, belongs, page)}) UNION ALL (${events(customer, itself, page)})) AS both_parts
      ORDER BY position DESC LIMIT ${page.size + 1}`.execute(this.#db.kysely())
    return rows
  }

  /** The activeflow of a call by its events: nil for a call without one, `undefined` where the call has no events. */
  async activeflowOfCall(customer: string, call_id: string): Promise<string | undefined> {
    const { rows } = await sql<{ activeflow_id: string }>`
      SELECT activeflow_id FROM ledger
      WHERE customer_id = ${customer}::uuid AND resource_id = ${call_id}::uuid AND resource = 'call'
      ORDER BY activeflow_id <> ${NIL} DESC, position DESC LIMIT 1`.execute(this.#db.kysely())
    return rows[0]?.activeflow_id
  }
}

function events(customer: string, which: RawBuilder<unknown>, { size, before }: TimelineRequest) {
  const older =
    before === undefined
      ? sql`true`
      : 'position' in before
        ? sql`position < ${before.position}::bigint`
        : sql`tm_create < ${before.moment}::timestamptz`
  return sql<PlacedEvent>`
    SELECT position, tm_create, type, data FROM ledger
    WHERE customer_id = ${customer}::uuid AND ${which} AND ${older}
    ORDER BY position DESC LIMIT ${size + 1}`
}
