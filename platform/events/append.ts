import { type QueryExecutorProvider, sql } from 'kysely'
import { type AnyTransaction, type LaneTable, type LaneWrite, noteInTransaction } from '#platform/db'
import { type Ids, systemIds } from '#platform/ids'
import { type Clock, systemClock, timestamp } from '#platform/time'
import type { NewEvent } from './event.ts'

/** What a transaction notes when it has written events, so that the sequencer is woken after its commit. */
export const INBOX = 'event_inbox'

/** Where an event's id comes from, and its time when it says none. */
export interface Stamp {
  ids: Ids
  clock: Clock
}

const machine: Stamp = { ids: systemIds, clock: systemClock }

const columns = {
  id: 'uuid',
  customer_id: 'uuid',
  type: 'text',
  resource: 'text',
  resource_id: 'uuid',
  public: 'boolean',
  activeflow_id: 'uuid',
  data: 'jsonb',
  tm_create: 'timestamptz',
} as const

/** The inbox as the write lanes know it; a lane repeats no batch that went through, so no key is needed. */
const inbox: LaneTable = { name: INBOX, columns, mode: 'append', key: [] }

/** Announces facts in the transaction that makes them true: in this order, all or none. */
export async function appendEvents(
  trx: AnyTransaction | QueryExecutorProvider,
  events: readonly NewEvent[],
  stamp: Stamp = machine,
): Promise<void> {
  if (events.length === 0) return
  const executor = 'kysely' in trx ? trx.kysely() : trx
  const rows = JSON.stringify(events.map((event) => inboxRow(event, stamp)))
  await sql`
    INSERT INTO event_inbox (id, customer_id, type, resource, resource_id, public, activeflow_id, data, tm_create)
    SELECT * FROM jsonb_to_recordset(${rows}::jsonb) AS event(id uuid, customer_id uuid, type text, resource text,
      resource_id uuid, public boolean, activeflow_id uuid, data jsonb, tm_create timestamptz)`.execute(executor)
  noteInTransaction(INBOX)
}

/** The same on the call path: goes with the row's own write in one `lanes.write(key, [row, eventWrite(event)])`. */
export function eventWrite(event: NewEvent, stamp: Stamp = machine): LaneWrite {
  return { table: inbox, row: inboxRow(event, stamp) }
}

function inboxRow(event: NewEvent, { ids, clock }: Stamp): Record<keyof typeof columns, unknown> {
  return {
    id: ids.uuid(),
    customer_id: event.customer_id,
    type: event.type,
    resource: event.resource,
    resource_id: event.resource_id,
    public: event.public,
    activeflow_id: event.activeflow_id,
    data: event.data,
    tm_create: event.tm_create ?? timestamp(clock.wallMs()),
  }
}
