import type { AnyTransaction } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Ids, NIL_UUID, uuidOfName } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { ReferenceType } from './activeflow.ts'
import { initialRow } from './activeflow-row.ts'
import type { ActiveflowStore, Inheritance } from './activeflow-store.ts'
import { begin } from './engine/index.ts'
import { MOST_COMPLETIONS } from './engine/limits.ts'
import { flowEvents } from './events.ts'

/** An execution that follows what happened in another one, and has no call. */
export interface DetachedStart {
  /** The same for a repeat, different from every other start: `recording_end:<id>`. */
  key: string
  customer_id: string
  /** Read when it runs; a flow that is gone by then ends it as `flow_not_found`. */
  flow_id: string
  /** What it is bound to. */
  reference_type: ReferenceType
  reference_id: string
  /** The execution whose variables it inherits; the nil UUID = none. */
  reference_activeflow_id: string
  /** What describes the occasion (`voipbin.recording.…`); they win over inherited ones. */
  variables: Readonly<Record<string, string>>
}

/**
 * Writes it, for whoever takes what waits. `live` is what its parent leaves where that runs here and knows better than its
 * row. Gives its id, or `undefined` where it would be one too many in its chain.
 */
export async function writeDetached(
  trx: AnyTransaction,
  store: ActiveflowStore,
  start: DetachedStart,
  live: Inheritance | undefined,
  needs: { clock: Clock; ids: Ids },
): Promise<string | undefined> {
  const { key, customer_id, flow_id, reference_type, reference_id, reference_activeflow_id, variables } = start
  const isFirst = reference_activeflow_id === NIL_UUID
  const parent = live ?? (isFirst ? undefined : await store.inheritance(trx, customer_id, reference_activeflow_id))
  const complete_count = isFirst ? 0 : (parent?.complete_count ?? 0) + 1
  if (complete_count >= MOST_COMPLETIONS) return undefined
  const tm_create = timestamp(needs.clock.wallMs())
  const state = begin({
    activeflow_id: uuidOfName(`activeflow ${customer_id} ${key}`),
    customer_id,
    flow_id,
    reference_type,
    reference_id,
    reference_activeflow_id,
    complete_count,
    ...(parent ? { inherited: parent.variables, free_only: parent.free_only } : {}),
    ...(parent?.spender ? { spender: parent.spender } : {}),
    ...(parent?.travelled ? { travelled: parent.travelled } : {}),
    bound: variables,
    tm_create,
  })
  const { row, activeflow } = initialRow(state, { webhook_uri: '', webhook_method: '', tm_create })
  if (await store.insertOnce(trx, customer_id, row))
    await appendEvents(trx, [flowEvents.activeflow_created(activeflow)], needs)
  return state.activeflow_id
}
