import type { AnyTransaction, Database, LaneTable, LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Transfer } from './transfer.ts'

/** A life of a node: whose live transfer it is. */
export interface TransferOwner {
  node: string
  incarnation: string
}
export type TransferRow = Transfer & TransferOwner

interface Tables {
  transfers: TransferRow
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

const COLUMNS = [
  'id',
  'customer_id',
  'type',
  'status',
  'transferer_call_id',
  'transferee_addresses',
  'transferee_call_id',
  'groupcall_id',
  'confbridge_id',
  'tm_create',
  'tm_update',
  'tm_delete',
] as const satisfies readonly (keyof Transfer)[]

/** Live transfers write their whole row; one that another incarnation has taken over is left alone. */
const TABLE: LaneTable = {
  name: 'transfers',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    type: 'text',
    status: 'text',
    transferer_call_id: 'uuid',
    transferee_addresses: 'jsonb',
    transferee_call_id: 'uuid',
    groupcall_id: 'uuid',
    confbridge_id: 'uuid',
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

/** The write of a live transfer's row. */
export function transferWrite(row: TransferRow): LaneWrite {
  return { table: TABLE, row: row as unknown as Record<string, unknown> }
}

/** SQL of transfers. */
export class TransferStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<Transfer[]> {
    const mine = this.#db
      .kysely<Tables>()
      .selectFrom('transfers')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
    return pageOf(mine, page).execute()
  }

  find(customer: string, id: string): Promise<Transfer | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('transfers')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Platform-wide, for the clearing up after a crash: those that this life left open, a batch of them, locked. */
  orphans(trx: AnyTransaction, life: TransferOwner, most: number): Promise<TransferRow[]> {
    return on(trx)
      .selectFrom('transfers')
      .selectAll()
      .where('node', '=', life.node)
      .where('incarnation', '=', life.incarnation)
      .where('status', '=', 'progressing')
      .orderBy('tm_create')
      .limit(most)
      .forUpdate()
      .skipLocked()
      .execute()
  }

  /** Platform-wide, for the same: closes an orphan and takes it over, so that nobody else's late write touches it. */
  async close(trx: AnyTransaction, row: TransferRow): Promise<void> {
    const { status, tm_update, node, incarnation } = row
    await on(trx)
      .updateTable('transfers')
      .set({ status, tm_update, node, incarnation })
      .where('id', '=', row.id)
      .execute()
  }
}
