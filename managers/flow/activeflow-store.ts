import { type Kysely, sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead, type LaneTable, type LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { ActionRun, Activeflow, WebhookMethod } from './activeflow.ts'
import type { FlowState } from './engine/index.ts'

/** The row: the record without its history, and what the interpreter and the nodes need. */
export interface ActiveflowRow extends Omit<Activeflow, 'executed_actions'> {
  /** `null` once it has ended. */
  state: FlowState | null
  /** Of an ended one. */
  inheritance: Inheritance | null
  node: string
  incarnation: string
}

/** What an execution leaves to those that follow it. */
export type Inheritance = Pick<FlowState, 'variables' | 'complete_count' | 'spender' | 'travelled'> & {
  free_only: boolean
}

interface ActiveflowTables {
  activeflows: ActiveflowRow
  activeflow_executed_actions: { activeflow_id: string; position: number; action: ActionRun }
}

/** What a state leaves. */
export function inheritanceOf({
  variables,
  complete_count,
  free_only = false,
  spender,
  travelled,
}: FlowState): Inheritance {
  return { variables, complete_count, free_only, ...(spender ? { spender } : {}), ...(travelled ? { travelled } : {}) }
}

/** Who runs an execution. */
export interface Owner {
  node: string
  incarnation: string
}

/** A row with its history. */
export interface StoredActiveflow {
  row: ActiveflowRow
  executed_actions: ActionRun[]
}

const columns = {
  id: 'uuid',
  customer_id: 'uuid',
  flow_id: 'uuid',
  status: 'text',
  reference_type: 'text',
  reference_id: 'uuid',
  reference_activeflow_id: 'uuid',
  on_complete_flow_id: 'uuid',
  webhook_uri: 'text',
  webhook_method: 'text',
  current_action: 'jsonb',
  forward_action_id: 'uuid',
  ended_reason: 'text',
  ended_detail: 'text',
  state: 'jsonb',
  inheritance: 'jsonb',
  node: 'text',
  incarnation: 'text',
  tm_create: 'timestamptz',
  tm_update: 'timestamptz',
  tm_delete: 'timestamptz',
} as const

const activeflows: LaneTable = {
  name: 'activeflows',
  columns,
  mode: 'upsert',
  key: ['id'],
  guard: ['node', 'incarnation'],
}

const executed: LaneTable = {
  name: 'activeflow_executed_actions',
  columns: { activeflow_id: 'uuid', position: 'integer', action: 'jsonb' },
  mode: 'append',
  key: ['activeflow_id', 'position'],
}

/** The row as a lane writes it: refused when another incarnation runs it by now. */
export function rowWrite(row: ActiveflowRow): LaneWrite {
  return { table: activeflows, row: { ...row } }
}

/** One more executed action. */
export function executedWrite(activeflow_id: string, position: number, action: ActionRun): LaneWrite {
  return { table: executed, row: { activeflow_id, position, action } }
}

type TargetColumns = Pick<ActiveflowRow, 'webhook_uri' | 'webhook_method'>

/** SQL of activeflows. */
export class ActiveflowStore {
  readonly #db: Database
  readonly #webhookTarget: (customer: string, id: string) => Promise<TargetColumns | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#webhookTarget = keyedRead<ActiveflowTables, TargetColumns>(db, (tables, customer, id) =>
      tables
        .selectFrom('activeflows')
        .select(['webhook_uri', 'webhook_method'])
        .where('customer_id', '=', customer)
        .where('id', '=', id),
    )
  }

  async find(customer: string, id: string): Promise<Activeflow | undefined> {
    const row = await this.#live(customer).select(SHOWN).where('id', '=', id).executeTakeFirst()
    return row && (await withHistories(this.#db.kysely(), [row]))[0]
  }

  async list(customer: string, request: PageRequest): Promise<Activeflow[]> {
    return withHistories(this.#db.kysely(), await pageOf(this.#live(customer).select(SHOWN), request).execute())
  }

  async insert(trx: AnyTransaction, customer: string, row: ActiveflowRow): Promise<void> {
    await trx
      .kysely<ActiveflowTables>()
      .insertInto('activeflows')
      .values({ ...row, customer_id: customer })
      .execute()
  }

  /** The same, but for one that is there already; whether it was not. */
  async insertOnce(trx: AnyTransaction, customer: string, row: ActiveflowRow): Promise<boolean> {
    const inserted = await trx
      .kysely<ActiveflowTables>()
      .insertInto('activeflows')
      .values({ ...row, customer_id: customer })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst()
    return inserted !== undefined
  }

  /** What the execution leaves, or would leave now; a deleted one too. */
  async inheritance(trx: AnyTransaction, customer: string, id: string): Promise<Inheritance | undefined> {
    const row = await trx
      .kysely<ActiveflowTables>()
      .selectFrom('activeflows')
      .select(['state', 'inheritance'])
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .executeTakeFirst()
    return row?.inheritance ?? (row?.state ? inheritanceOf(row.state) : undefined)
  }

  /** Held until the transaction ends; read by the transaction alone, so that no holder waits for another connection. */
  async lock(trx: AnyTransaction, customer: string, id: string): Promise<Activeflow | undefined> {
    const own = trx.kysely<ActiveflowTables>()
    const row = await own
      .selectFrom('activeflows')
      .select(SHOWN)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
    return row && (await withHistories(own, [row]))[0]
  }

  async markDeleted(trx: AnyTransaction, customer: string, id: string, tm_delete: string): Promise<void> {
    await trx
      .kysely<ActiveflowTables>()
      .updateTable('activeflows')
      .set({ tm_delete, tm_update: tm_delete })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .execute()
  }

  /**
   * Where the execution's own events go; `undefined` = nowhere. A deleted one is still found: the event of its deletion
   * goes there too.
   */
  async webhookTarget(customer: string, id: string): Promise<{ uri: string; method: WebhookMethod } | undefined> {
    const row = await this.#webhookTarget(customer, id)
    return row && row.webhook_uri !== '' ? { uri: row.webhook_uri, method: row.webhook_method } : undefined
  }

  /** Platform-wide: what runs on these calls, held until the transaction ends. */
  async lockOfCalls(trx: AnyTransaction, call_ids: readonly string[]): Promise<StoredActiveflow[]> {
    if (call_ids.length === 0) return []
    const own = trx.kysely<ActiveflowTables>()
    const rows = await own
      .selectFrom('activeflows')
      .selectAll()
      .where('status', '=', 'running')
      .where('reference_type', '=', 'call')
      .where('reference_id', 'in', call_ids)
      .where(sql<boolean>`state -> 'call' ->> 'over' = 'false'`)
      .forUpdate()
      .execute()
    const histories = await historiesOf(
      own,
      rows.map(({ id }) => id),
    )
    return rows.map((row) => ({ row, executed_actions: histories.get(row.id) ?? [] }))
  }

  /** Platform-wide: writes a locked row. */
  async replace(trx: AnyTransaction, row: ActiveflowRow): Promise<void> {
    await trx.kysely<ActiveflowTables>().updateTable('activeflows').set(row).where('id', '=', row.id).execute()
  }

  /** Who runs it, and whether it runs. */
  standing(customer: string, id: string): Promise<(Owner & Pick<Activeflow, 'status'>) | undefined> {
    return this.#live(customer).select(['node', 'incarnation', 'status']).where('id', '=', id).executeTakeFirst()
  }

  /**
   * Platform-wide: takes over what runs and is owned by one of these incarnations (`''`: by nobody yet), oldest first, no
   * more than `most`. What somebody else is just taking is left to them.
   */
  async claim(owner: Owner, from: readonly string[], most: number, only?: { id: string }): Promise<StoredActiveflow[]> {
    if (from.length === 0) return []
    return this.#db.transaction<ActiveflowTables, StoredActiveflow[]>(async (trx) => {
      let chosen = trx
        .selectFrom('activeflows')
        .select('id')
        .where('status', '=', 'running')
        .where('incarnation', 'in', from)
        .orderBy('tm_create')
        .limit(most)
        .forUpdate()
        .skipLocked()
      if (only) chosen = chosen.where('id', '=', only.id)
      const ids = (await chosen.execute()).map(({ id }) => id)
      if (ids.length === 0) return []
      const rows = await trx
        .updateTable('activeflows')
        .set({ ...owner })
        .where('id', 'in', ids)
        .returningAll()
        .execute()
      const histories = await historiesOf(trx, ids)
      return rows.map((row) => ({ row, executed_actions: histories.get(row.id) ?? [] }))
    })
  }

  /** Platform-wide: gives what this life runs and no call holds back to whoever comes next. */
  async release(owner: Owner): Promise<void> {
    await this.#db
      .kysely<ActiveflowTables>()
      .updateTable('activeflows')
      .set({ node: '', incarnation: '' })
      .where('status', '=', 'running')
      .where('incarnation', '=', owner.incarnation)
      .where(sql<boolean>`coalesce(state -> 'call' ->> 'over', 'true') = 'true'`)
      .execute()
  }

  #live(customer: string) {
    return this.#db
      .kysely<ActiveflowTables>()
      .selectFrom('activeflows')
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}

/** The columns of the record. */
const SHOWN = [
  'id',
  'customer_id',
  'flow_id',
  'status',
  'reference_type',
  'reference_id',
  'reference_activeflow_id',
  'on_complete_flow_id',
  'webhook_uri',
  'webhook_method',
  'current_action',
  'forward_action_id',
  'ended_reason',
  'ended_detail',
  'tm_create',
  'tm_update',
  'tm_delete',
] as const

async function withHistories(
  db: Kysely<ActiveflowTables>,
  rows: readonly Omit<Activeflow, 'executed_actions'>[],
): Promise<Activeflow[]> {
  const histories = await historiesOf(
    db,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => ({ ...row, executed_actions: histories.get(row.id) ?? [] }))
}

async function historiesOf(db: Kysely<ActiveflowTables>, ids: readonly string[]): Promise<Map<string, ActionRun[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('activeflow_executed_actions')
    .select(['activeflow_id', sql<ActionRun[]>`jsonb_agg(action order by position)`.as('actions')])
    .where('activeflow_id', 'in', ids)
    .groupBy('activeflow_id')
    .execute()
  return new Map(rows.map(({ activeflow_id, actions }) => [activeflow_id, actions]))
}
