import { sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead, type LaneTable, type LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { DialogState } from '#telecom/sip'
import type { Call } from './call.ts'

/** Whose live call it is, and what it takes to end its leg after a crash. */
export interface CallOwnership {
  node: string
  incarnation: string
  /** `null` once the leg is gone. */
  dialog: DialogState | null
}
export type CallRow = Call & CallOwnership

interface Tables {
  calls: CallRow
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

const COLUMNS = [
  'id',
  'customer_id',
  'owner_type',
  'owner_id',
  'flow_id',
  'activeflow_id',
  'type',
  'master_call_id',
  'chained_call_ids',
  'recording_id',
  'recording_ids',
  'groupcall_id',
  'source',
  'destination',
  'status',
  'action',
  'metadata',
  'direction',
  'mute_direction',
  'hangup_by',
  'hangup_reason',
  'tm_ringing',
  'tm_progressing',
  'tm_hangup',
  'tm_create',
  'tm_update',
  'tm_delete',
] as const satisfies readonly (keyof Call)[]

/** Live calls write their whole row; a row that another incarnation has taken over is left alone. */
const TABLE: LaneTable = {
  name: 'calls',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    owner_type: 'text',
    owner_id: 'uuid',
    flow_id: 'uuid',
    activeflow_id: 'uuid',
    type: 'text',
    master_call_id: 'uuid',
    chained_call_ids: 'uuid[]',
    recording_id: 'uuid',
    recording_ids: 'uuid[]',
    groupcall_id: 'uuid',
    source: 'jsonb',
    destination: 'jsonb',
    status: 'text',
    action: 'jsonb',
    metadata: 'jsonb',
    direction: 'text',
    mute_direction: 'text',
    hangup_by: 'text',
    hangup_reason: 'text',
    tm_ringing: 'timestamptz',
    tm_progressing: 'timestamptz',
    tm_hangup: 'timestamptz',
    tm_create: 'timestamptz',
    tm_update: 'timestamptz',
    tm_delete: 'timestamptz',
    node: 'text',
    incarnation: 'text',
    dialog: 'jsonb',
  },
  mode: 'upsert',
  key: ['id'],
  guard: ['node', 'incarnation'],
}

/** The write of a live call's row. */
export function callWrite(row: CallRow): LaneWrite {
  return { table: TABLE, row: row as unknown as Record<string, unknown> }
}

/** SQL of calls. */
export class CallStore {
  readonly #db: Database
  readonly #find: (customer: string, id: string) => Promise<Call | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#find = keyedRead<Tables, Call>(db, (tables, customer, id) =>
      tables
        .selectFrom('calls')
        .select(COLUMNS)
        .where('customer_id', '=', customer)
        .where('id', '=', id)
        .where('tm_delete', 'is', null),
    )
  }

  /** The customer's calls; with `agent_id` those alone that belong to this agent. */
  list(customer: string, page: PageRequest, filter: { agent_id?: string } = {}): Promise<Call[]> {
    const mine = this.#db
      .kysely<Tables>()
      .selectFrom('calls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
    const { agent_id } = filter
    if (agent_id === undefined) return pageOf(mine, page).execute()
    const own = mine.where('owner_type', '=', sql.lit('agent')).where('owner_id', '=', agent_id)
    return pageOf(own, page).execute()
  }

  find(customer: string, id: string): Promise<Call | undefined> {
    return this.#find(customer, id)
  }

  /** Those of these that there are. */
  findAll(customer: string, ids: readonly string[]): Promise<Call[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('calls')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .where('tm_delete', 'is', null)
      .execute()
  }

  /** When those of these began and ended that there are, or were before they were deleted. */
  timesOf(
    customer: string,
    ids: readonly string[],
  ): Promise<Pick<Call, 'id' | 'status' | 'tm_progressing' | 'tm_hangup'>[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('calls')
      .select(['id', 'status', 'tm_progressing', 'tm_hangup'])
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .execute()
  }

  /** Deletes a call that has ended; `undefined` when there is none such (any more). */
  delete(trx: AnyTransaction, customer: string, id: string, tm_delete: Timestamp): Promise<Call | undefined> {
    return on(trx)
      .updateTable('calls')
      .set({ tm_delete, tm_update: tm_delete })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('status', '=', 'hangup')
      .where('tm_delete', 'is', null)
      .returning(COLUMNS)
      .executeTakeFirst()
  }

  /** Platform-wide, for the clearing up after a crash: the calls that this life left open, a batch of them, locked. */
  orphans(trx: AnyTransaction, life: { node: string; incarnation: string }, most: number): Promise<CallRow[]> {
    return on(trx)
      .selectFrom('calls')
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
  async close(trx: AnyTransaction, row: CallRow, heir: { node: string; incarnation: string }): Promise<void> {
    await on(trx)
      .updateTable('calls')
      .set({
        status: row.status,
        hangup_by: row.hangup_by,
        hangup_reason: row.hangup_reason,
        tm_hangup: row.tm_hangup,
        tm_update: row.tm_update,
        recording_id: row.recording_id,
        dialog: null,
        ...heir,
      })
      .where('id', '=', row.id)
      .execute()
  }

  /** Platform-wide: the lives that have calls which are not over. */
  async livesWithCalls(): Promise<{ node: string; incarnation: string }[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('calls')
      .select(['node', 'incarnation'])
      .where('status', '<>', sql.lit('hangup'))
      .groupBy(['node', 'incarnation'])
      .execute()
  }
}
