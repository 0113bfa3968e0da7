import type { AnyTransaction, Database, LaneTable, LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Groupcall } from './groupcall.ts'

/** A life of a node: whose live groupcall it is. */
export interface GroupcallOwner {
  node: string
  incarnation: string
}
export type GroupcallRow = Groupcall & GroupcallOwner

interface Tables {
  groupcalls: GroupcallRow
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

const COLUMNS = [
  'id',
  'customer_id',
  'owner_type',
  'owner_id',
  'status',
  'flow_id',
  'source',
  'destinations',
  'master_call_id',
  'master_groupcall_id',
  'ring_method',
  'answer_method',
  'answer_call_id',
  'answer_groupcall_id',
  'call_ids',
  'groupcall_ids',
  'call_count',
  'groupcall_count',
  'dial_index',
  'tm_create',
  'tm_update',
  'tm_delete',
] as const satisfies readonly (keyof Groupcall)[]

/** Live groupcalls write their whole row; one that another incarnation has taken over is left alone. */
const TABLE: LaneTable = {
  name: 'groupcalls',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    owner_type: 'text',
    owner_id: 'uuid',
    status: 'text',
    flow_id: 'uuid',
    source: 'jsonb',
    destinations: 'jsonb',
    master_call_id: 'uuid',
    master_groupcall_id: 'uuid',
    ring_method: 'text',
    answer_method: 'text',
    answer_call_id: 'uuid',
    answer_groupcall_id: 'uuid',
    call_ids: 'uuid[]',
    groupcall_ids: 'uuid[]',
    call_count: 'integer',
    groupcall_count: 'integer',
    dial_index: 'integer',
    tm_create: 'timestamptz',
    tm_update: 'timestamptz',
    tm_delete: 'timestamptz',
    node: 'text',
    incarnation: 'text',
  },
  mode: 'upsert',
  key: ['id'],
  guard: ['node', 'incarnation'],
}

/** The write of a live groupcall's row. */
export function groupcallWrite(row: GroupcallRow): LaneWrite {
  return { table: TABLE, row: row as unknown as Record<string, unknown> }
}

/** SQL of groupcalls. */
export class GroupcallStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<Groupcall[]> {
    const mine = this.#db
      .kysely<Tables>()
      .selectFrom('groupcalls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
    return pageOf(mine, page).execute()
  }

  find(customer: string, id: string): Promise<Groupcall | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('groupcalls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Deletes a groupcall that is over; `undefined` when there is none such (any more). */
  delete(trx: AnyTransaction, customer: string, id: string, tm_delete: Timestamp): Promise<Groupcall | undefined> {
    return on(trx)
      .updateTable('groupcalls')
      .set({ tm_delete, tm_update: tm_delete })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('status', '=', 'hangup')
      .where('tm_delete', 'is', null)
      .returning(COLUMNS)
      .executeTakeFirst()
  }

  /** Those of these that there are. */
  findAll(customer: string, ids: readonly string[]): Promise<Groupcall[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('groupcalls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .where('tm_delete', 'is', null)
      .execute()
  }

  /** Those that were made for a call, and the one that it is a member of, the oldest first, at most so many. */
  ofCall(customer: string, { id, groupcall_id }: { id: string; groupcall_id: string }, most: number) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('groupcalls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where((is) => is.or([is('master_call_id', '=', id), is('id', '=', groupcall_id)]))
      .where('tm_delete', 'is', null)
      .orderBy('tm_create')
      .limit(most)
      .execute()
  }

  /** Platform-wide, for the clearing up after a crash: those that this life left open, a batch of them, locked. */
  orphans(trx: AnyTransaction, life: GroupcallOwner, most: number): Promise<GroupcallRow[]> {
    return on(trx)
      .selectFrom('groupcalls')
      .selectAll()
      .where('node', '=', life.node)
      .where('incarnation', '=', life.incarnation)
      .where('status', '<>', 'hangup')
      .orderBy('tm_create')
      .limit(most)
      .forUpdate()
      .skipLocked()
      .execute()
  }

  /** Platform-wide, for the same: closes an orphan and takes it over, so that nobody else's late write touches it. */
  async close(trx: AnyTransaction, row: GroupcallRow): Promise<void> {
    const { status, call_count, groupcall_count, tm_update, node, incarnation } = row
    await on(trx)
      .updateTable('groupcalls')
      .set({ status, call_count, groupcall_count, tm_update, node, incarnation })
      .where('id', '=', row.id)
      .execute()
  }
}
