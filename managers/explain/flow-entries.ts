import { NIL_UUID } from '#platform/ids'
import type { CallEntry } from './contract.ts'
import type { ExecutedAction, Execution } from './needs.ts'

type Step = NonNullable<CallEntry['flow']>

/** An entry for each step that the flow has taken, and for the one that it is at, or was at when it ended. */
export function flowEntries(execution: Execution): CallEntry[] {
  const { executed_actions, current_action, status, tm_create } = execution
  let lastTime = tm_create
  const entries = executed_actions.flatMap((action) => {
    // what was passed over was never begun: it comes right after what was before it
    lastTime = action.tm_execute ?? lastTime
    return entryOf(execution.id, action, lastTime, action.result ?? 'done')
  })
  const { tm_execute } = current_action
  const isLast = executed_actions.some((action) => action.id === current_action.id && action.tm_execute === tm_execute)
  if (tm_execute === null || isLast) return entries
  return [
    ...entries,
    ...entryOf(execution.id, current_action, tm_execute, status === 'running' ? 'running' : 'interrupted'),
  ]
}

/** The start and the end have no type, and are no steps. */
function entryOf(activeflow_id: string, action: ExecutedAction, time: string, result: Step['result']): CallEntry[] {
  const { id, type, cause = '', option, unresolved = [], variables = {} } = action
  if (!type) return []
  const step: Step = {
    activeflow_id,
    action_id: id || NIL_UUID,
    action_type: type,
    result,
    cause,
    ...(option ? { option } : {}),
    variables,
    unresolved,
  }
  const how = {
    done: 'was done',
    skipped: 'was passed over',
    failed: 'failed',
    running: 'is going on',
    interrupted: 'was cut off',
  }[result]
  const why = cause === '' ? '' : `: ${cause}`
  return [{ timestamp: time, type: 'flow', text: `The step ${type} ${how}${why}`, flow: step }]
}
