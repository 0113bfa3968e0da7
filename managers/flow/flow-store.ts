import { type AnyTransaction, type Database, jsonb, keyedRead, type LaneTable, type LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Flow } from './flow.ts'

export interface FlowTables {
  flows: Flow
}

const flows: LaneTable = {
  name: 'flows',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    type: 'text',
    name: 'text',
    detail: 'text',
    actions: 'jsonb',
    direct_hash: 'text',
    on_complete_flow_id: 'uuid',
    persist: 'boolean',
    tm_create: 'timestamptz',
    tm_update: 'timestamptz',
    tm_delete: 'timestamptz',
  },
  mode: 'append',
  key: ['id'],
}

/** A new flow as a lane writes it. */
export function flowWrite(flow: Flow): LaneWrite {
  return { table: flows, row: { ...flow } }
}

/** SQL of flows. A deleted flow is there for nobody. */
export class FlowStore {
  readonly #db: Database
  readonly #find: (customer: string, id: string) => Promise<Flow | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#find = keyedRead<FlowTables, Flow>(db, (tables, customer, id) =>
      tables
        .selectFrom('flows')
        .selectAll()
        .where('customer_id', '=', customer)
        .where('tm_delete', 'is', null)
        .where('id', '=', id),
    )
  }

  /** One flow, temporary ones included. */
  find(customer: string, id: string): Promise<Flow | undefined> {
    return this.#find(customer, id)
  }

  /**
   * Which of these ids are flows that were saved under a name; temporary ones do not count. In a transaction they cannot be
   * deleted until it ends.
   */
  async existing(customer: string, ids: readonly string[], trx?: AnyTransaction): Promise<Set<string>> {
    if (ids.length === 0) return new Set()
    const rows = await this.#live(customer, trx)
      .select('id')
      .where('persist', '=', true)
      .where('id', 'in', ids)
      .$if(trx !== undefined, (query) => query.forShare())
      .execute()
    return new Set(rows.map(({ id }) => id))
  }

  list(customer: string, request: PageRequest): Promise<Flow[]> {
    const query = this.#live(customer).selectAll().where('persist', '=', true).where('type', '=', 'flow')
    return pageOf(query, request).execute()
  }

  /** How many flows the customer has saved; it is not counted beyond `most`. */
  async countUpTo(customer: string, most: number): Promise<number> {
    const some = this.#live(customer)
      .select('id')
      .where('persist', '=', true)
      .where('type', '=', 'flow')
      .limit(most)
      .as('some')
    const { count } = await this.#db
      .kysely<FlowTables>()
      .selectFrom(some)
      .select((row) => row.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return count
  }

  async insert(trx: AnyTransaction, customer: string, flow: Flow): Promise<void> {
    const row = { ...flow, customer_id: customer, actions: jsonb(flow.actions) }
    await trx.kysely<FlowTables>().insertInto('flows').values(row).execute()
  }

  /** The saved flow, held until the transaction ends. */
  lock(trx: AnyTransaction, customer: string, id: string): Promise<Flow | undefined> {
    return trx
      .kysely<FlowTables>()
      .selectFrom('flows')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('persist', '=', true)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  /** Deletes every saved flow of the customer, and returns them as they are then. */
  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<Flow[]> {
    return trx
      .kysely<FlowTables>()
      .updateTable('flows')
      .set({ direct_hash: '', tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('persist', '=', true)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  async update(trx: AnyTransaction, customer: string, id: string, change: Partial<Flow>): Promise<void> {
    const { actions, ...rest } = change
    await trx
      .kysely<FlowTables>()
      .updateTable('flows')
      .set({ ...rest, ...(actions ? { actions: jsonb(actions) } : {}) })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .execute()
  }

  /**
   * Platform-wide: removes temporary flows that are older than this and that nothing runs; gives how many. What somebody
   * else is just removing is left to them.
   */
  async removeTemporary(before: Timestamp, most: number): Promise<number> {
    const removed = await this.#db.query(
      `delete from flows where id in (
         select id from flows where not persist and tm_create < $1
           and id not in (select flow_id from activeflows where status = 'running')
         order by tm_create limit $2 for update skip locked)
       returning 1`,
      [before, most],
    )
    return removed.length
  }

  #live(customer: string, trx?: AnyTransaction) {
    return (trx ?? this.#db)
      .kysely<FlowTables>()
      .selectFrom('flows')
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}
