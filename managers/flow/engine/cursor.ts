import { NIL_UUID } from '#platform/ids'
import { ACTION_ID_START, type Action } from '../flow.ts'
import type { FlowState, Stack } from './state.ts'

/** A place in the stacks. */
export interface Place {
  stack: number
  action: Action
}

/** Looks for an action in this stack, then outwards; `undefined` = nowhere. An inner or sibling stack is out of reach. */
export function resolve(stacks: readonly Stack[], from: number, action_id: string): Place | undefined {
  for (let stack = from; stack >= 0; stack--) {
    const action = stacks[stack]?.actions.find(({ id }) => id === action_id)
    if (action) return { stack, action }
  }
  return undefined
}

/** Which action comes next, in the exact order of `flows.md` §4.3; `undefined` = finish. */
export function chooseNext(state: FlowState): Place | undefined {
  const { stacks, forward } = state
  if (forward) return resolve(stacks, forward.stack, forward.action_id)
  const innermost = stacks.length - 1
  if (state.current.id === ACTION_ID_START) return first(stacks)
  return after(stacks, innermost, state.current)
}

function first(stacks: readonly Stack[]): Place | undefined {
  const action = stacks[0]?.actions[0]
  return action && { stack: 0, action }
}

/** What follows an action of a stack: its own `next_id`, else the next of the list, else what follows the return action. */
function after(stacks: readonly Stack[], from: number, action: Pick<Action, 'id' | 'next_id'>): Place | undefined {
  let done = action
  for (let at = from; at >= 0; at--) {
    if (done.next_id !== NIL_UUID) return resolve(stacks, at, done.next_id)
    const stack = stacks[at]
    const index = stack?.actions.findIndex(({ id }) => id === done.id) ?? -1
    if (!stack || index < 0) return undefined
    const next = stack.actions[index + 1]
    if (next) return { stack: at, action: next }
    const outer = stacks[at - 1]?.actions.find(({ id }) => id === stack.return_action_id)
    if (!outer) return undefined
    done = outer
  }
  return undefined
}
