import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { ActionRun, Activeflow, WebhookMethod } from './activeflow.ts'
import { type ActiveflowRow, inheritanceOf, type Owner } from './activeflow-store.ts'
import type { FlowState } from './engine/index.ts'
import { shownRun } from './history.ts'

/** What an execution's record holds besides its state. */
export interface Particulars {
  webhook_uri: string
  webhook_method: WebhookMethod
  tm_create: Timestamp
}

/** Nobody runs it yet. */
const NOBODY: Owner = { node: '', incarnation: '' }

/** Record and row of an execution that has not begun. */
export function initialRow(state: FlowState, particulars: Particulars): { row: ActiveflowRow; activeflow: Activeflow } {
  const activeflow = recordOf(state, particulars, [], null)
  return { activeflow, row: rowOf(activeflow, state, NOBODY) }
}

/** The record that a state makes. */
export function recordOf(
  state: FlowState,
  particulars: Particulars,
  executed_actions: readonly ActionRun[],
  tm_update: Timestamp | null,
): Activeflow {
  return {
    id: state.activeflow_id,
    customer_id: state.customer_id,
    flow_id: state.flow_id,
    status: state.status,
    reference_type: state.reference_type,
    reference_id: state.reference_id,
    reference_activeflow_id: state.reference_activeflow_id,
    on_complete_flow_id: state.on_complete_flow_id,
    webhook_uri: particulars.webhook_uri,
    webhook_method: particulars.webhook_method,
    current_action: shownRun(state.current),
    forward_action_id: state.forward?.action_id ?? NIL_UUID,
    executed_actions: [...executed_actions],
    ended_reason: state.ended_reason,
    ended_detail: state.ended_detail,
    tm_create: particulars.tm_create,
    tm_update,
    tm_delete: null,
  }
}

/** The row of a record; of an ended one's state only that is kept which others may inherit. */
export function rowOf(activeflow: Activeflow, state: FlowState, owner: Owner): ActiveflowRow {
  const { executed_actions: _, ...record } = activeflow
  const kept =
    state.status === 'ended' ? { state: null, inheritance: inheritanceOf(state) } : { state, inheritance: null }
  return { ...record, ...kept, ...owner }
}
