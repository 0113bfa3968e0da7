import { type ColumnType, sql } from 'kysely'
import type { AnyTransaction, Database, LaneTable, LaneWrite } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Recording, RecordingChecksum, RecordingReference, RecordingStatus } from './recording.ts'

/** A life of a node: whose live recording it is. */
export interface RecordingOwner {
  node: string
  incarnation: string
}
export type RecordingRow = Recording & RecordingOwner

/** What a list can be narrowed to. */
export interface RecordingFilter {
  reference_type?: RecordingReference
  reference_id?: string
  status?: RecordingStatus
}

interface Tables {
  recordings: Omit<RecordingRow, 'checksums'> & {
    tm_stored: Timestamp | null
    checksums: ColumnType<RecordingChecksum[] | null, never, string>
  }
  recording_ends: RecordingOwner & { recording_id: string }
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

const COLUMNS = [
  'id',
  'customer_id',
  'owner_type',
  'owner_id',
  'activeflow_id',
  'reference_type',
  'reference_id',
  'status',
  'format',
  'on_end_flow_id',
  'recording_name',
  'duration',
  'size',
  'complete',
  'checksums',
  'tm_start',
  'tm_end',
  'tm_create',
  'tm_update',
  'tm_delete',
] as const satisfies readonly (keyof Recording)[]

/** Live recordings write their whole row; one that another incarnation has taken over is left alone. */
const TABLE: LaneTable = {
  name: 'recordings',
  columns: {
    id: 'uuid',
    customer_id: 'uuid',
    owner_type: 'text',
    owner_id: 'uuid',
    activeflow_id: 'uuid',
    reference_type: 'text',
    reference_id: 'uuid',
    status: 'text',
    format: 'text',
    on_end_flow_id: 'uuid',
    recording_name: 'text',
    duration: 'double precision',
    size: 'bigint',
    complete: 'boolean',
    tm_start: 'timestamptz',
    tm_end: 'timestamptz',
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

const ENDS = { recording_id: 'uuid', node: 'text', incarnation: 'text' }
const ENDS_ADDED: LaneTable = { name: 'recording_ends', columns: ENDS, mode: 'append', key: ['recording_id'] }
const ENDS_DONE: LaneTable = { name: 'recording_ends', columns: ENDS, mode: 'delete', key: ['recording_id'] }

/** The write of a live recording's row. */
export function recordingWrite(row: RecordingRow): LaneWrite {
  return { table: TABLE, row: row as unknown as Record<string, unknown> }
}

/** Notes that the flow at the end of a recording has still to be started. */
export function endDueWrite(recording_id: string, owner: RecordingOwner): LaneWrite {
  return { table: ENDS_ADDED, row: { recording_id, ...owner } }
}

/** Takes that note away. */
export function endDoneWrite(recording_id: string, owner: RecordingOwner): LaneWrite {
  return { table: ENDS_DONE, row: { recording_id, ...owner } }
}

/** SQL of recordings. */
export class RecordingStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest, filter: RecordingFilter = {}): Promise<Recording[]> {
    let mine = this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(COLUMNS)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
    const { reference_type, reference_id, status } = filter
    if (reference_type) mine = mine.where('reference_type', '=', reference_type)
    if (reference_id) mine = mine.where('reference_id', '=', reference_id)
    if (status) mine = mine.where('status', '=', status)
    return pageOf(mine, page).execute()
  }

  find(customer: string, id: string): Promise<Recording | undefined> {
    return this.#living(id).where('customer_id', '=', customer).executeTakeFirst()
  }

  /** When those of these began and ended that there are, or were before they were deleted. */
  timesOf(
    customer: string,
    ids: readonly string[],
  ): Promise<Pick<Recording, 'id' | 'status' | 'tm_start' | 'tm_end'>[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(['id', 'status', 'tm_start', 'tm_end'])
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .execute()
  }

  /** Platform-wide, for signed addresses: whoever has one was given it by its owner. */
  findForDownload(id: string): Promise<Recording | undefined> {
    return this.#living(id).where('status', '=', 'ended').executeTakeFirst()
  }

  /** Deletes a recording that has ended; `undefined` when there is none such (any more). */
  delete(trx: AnyTransaction, customer: string, id: string, tm_delete: Timestamp): Promise<Recording | undefined> {
    return on(trx)
      .updateTable('recordings')
      .set({ tm_delete, tm_update: tm_delete })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('status', '=', 'ended')
      .where('tm_delete', 'is', null)
      .returning(COLUMNS)
      .executeTakeFirst()
  }

  /** Platform-wide: recordings that ended before a moment, the oldest first, so many at most. */
  endedBefore(moment: Timestamp, most: number): Promise<Recording[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(COLUMNS)
      .where('status', '=', sql.lit('ended'))
      .where('tm_end', '<', moment)
      .where('tm_delete', 'is', null)
      .orderBy('tm_end')
      .limit(most)
      .execute()
  }

  /** Platform-wide: recordings that have ended and whose files are not in the storage yet, the oldest first. */
  toStore(most: number, after: Timestamp | null = null): Promise<Recording[]> {
    let due = this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(COLUMNS)
      .where('status', '=', 'ended')
      .where('tm_stored', 'is', null)
      .where('tm_delete', 'is', null)
    if (after !== null) due = due.where('tm_end', '>', after)
    return due.orderBy('tm_end').limit(most).execute()
  }

  /** Notes that they are now, with their size and checksums; false where they were already, or the recording has been deleted. */
  async markStored(
    trx: AnyTransaction,
    customer: string,
    id: string,
    { checksums, ...stored }: { tm_stored: Timestamp; size: number; checksums: readonly RecordingChecksum[] },
  ): Promise<boolean> {
    const { numUpdatedRows } = await on(trx)
      .updateTable('recordings')
      .set({ ...stored, checksums: JSON.stringify(checksums) })
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('status', '=', 'ended')
      .where('tm_stored', 'is', null)
      .where('tm_delete', 'is', null)
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  }

  /** Platform-wide, for the clearing up after a crash: recordings that this life left open, a batch of them. */
  orphans(life: RecordingOwner, most: number): Promise<Recording[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(COLUMNS)
      .where('node', '=', life.node)
      .where('incarnation', '=', life.incarnation)
      .where('status', '<>', 'ended')
      .orderBy('tm_create')
      .limit(most)
      .execute()
  }

  /** Platform-wide, for the same: closes an orphan for its heir; false where somebody else has. */
  async close(trx: AnyTransaction, recording: Recording, life: RecordingOwner, heir: RecordingOwner): Promise<boolean> {
    const { id, status, duration, size, complete, tm_end, tm_update } = recording
    const { numUpdatedRows } = await on(trx)
      .updateTable('recordings')
      .set({ status, duration, size, complete, tm_end, tm_update, ...heir })
      .where('id', '=', id)
      .where('node', '=', life.node)
      .where('incarnation', '=', life.incarnation)
      .where('status', '<>', 'ended')
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  }

  /** Platform-wide, for the same: notes in a transaction what `endDueWrite` does in a lane. */
  async noteEnd(trx: AnyTransaction, recording_id: string, owner: RecordingOwner): Promise<void> {
    await on(trx)
      .insertInto('recording_ends')
      .values({ recording_id, ...owner })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  /** Platform-wide: recordings whose flow at the end this life has not started; also deleted ones. */
  dueEnds(life: RecordingOwner, most: number): Promise<Recording[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .innerJoin('recording_ends', 'recording_ends.recording_id', 'recordings.id')
      .select(COLUMNS.map((column) => `recordings.${column}` as const))
      .where('recording_ends.node', '=', life.node)
      .where('recording_ends.incarnation', '=', life.incarnation)
      .orderBy('recordings.tm_create')
      .limit(most)
      .execute()
  }

  /** Platform-wide: the lives of this node that have left something open, the living one among them. */
  async livesWithOpen(node: string): Promise<RecordingOwner[]> {
    const open = this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(['node', 'incarnation'])
      .where('node', '=', node)
      .where('status', '<>', 'ended')
    const due = this.#db
      .kysely<Tables>()
      .selectFrom('recording_ends')
      .select(['node', 'incarnation'])
      .where('node', '=', node)
    return open.union(due).execute()
  }

  /** Takes the note about the flow at its end away. */
  async endDone(recording_id: string): Promise<void> {
    await this.#db.kysely<Tables>().deleteFrom('recording_ends').where('recording_id', '=', recording_id).execute()
  }

  #living(id: string) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('recordings')
      .select(COLUMNS)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
  }
}
