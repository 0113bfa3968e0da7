import type { Timestamp } from '#platform/time'
import type { Activeflow } from './activeflow.ts'
import { type Particulars, recordOf, rowOf } from './activeflow-row.ts'
import type { ActiveflowRow, Owner } from './activeflow-store.ts'
import { begin, type FlowState } from './engine/index.ts'

/**
 * The execution that follows one that ended (`flows.md` §4.6): same reference, all variables, one deeper in the chain. Its
 * call is over by then. The flow itself is read when it is run.
 */
export function childOf(
  ended: FlowState,
  flow_id: string,
  id: string,
  tm_create: Timestamp,
  owner: Owner,
): { state: FlowState; particulars: Particulars; activeflow: Activeflow; row: ActiveflowRow } {
  const state = begin({
    activeflow_id: id,
    customer_id: ended.customer_id,
    flow_id,
    reference_type: ended.reference_type,
    reference_id: ended.reference_id,
    reference_activeflow_id: ended.activeflow_id,
    complete_count: ended.complete_count + 1,
    inherited: ended.variables,
    ...(ended.free_only ? { free_only: true } : {}),
    ...(ended.spender ? { spender: ended.spender } : {}),
    ...(ended.travelled ? { travelled: ended.travelled } : {}),
    ...(ended.call ? { call: { ...ended.call, over: true } } : {}),
    tm_create,
  })
  const particulars: Particulars = { webhook_uri: '', webhook_method: '', tm_create }
  const activeflow = recordOf(state, particulars, [], null)
  return { state, particulars, activeflow, row: rowOf(activeflow, state, owner) }
}
