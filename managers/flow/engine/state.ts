import type { Spender } from '#managers/billing'
import type { Travelled } from '#managers/call'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { ActionRun, EndedReason, ReferenceType } from '../activeflow.ts'
import { ACTION_ID_START, type Action } from '../flow.ts'
import type { Command } from './command.ts'
import { firstVariables, type Variables } from './variables.ts'

/** A list of actions that is being worked through; each one but the first returns to the one before it. */
export interface Stack {
  actions: readonly Action[]
  /** The action of the stack outside that pushed this one; empty for the main stack. */
  return_action_id: string
  /** Jumps that each counted `goto` of this stack has left. */
  gotos: Readonly<Record<string, number>>
}

/** A command whose outcome is awaited; a timer with the moment at which it falls due (milliseconds of wall time). */
export type Awaited = Command & { due_ms?: number }

/** One execution, whole, as JSON: it can stop in one process and go on in another. */
export interface FlowState {
  activeflow_id: string
  customer_id: string
  flow_id: string
  reference_type: ReferenceType
  reference_id: string
  reference_activeflow_id: string
  on_complete_flow_id: string
  /** How many executions come before this one in the on-complete chain. */
  complete_count: number
  status: 'running' | 'ended'
  ended_reason: EndedReason | ''
  ended_detail: string
  /** From the main stack inwards. The current action stands in the last one, but for a stack that was just pushed. */
  stacks: readonly Stack[]
  current: ActionRun
  /** The action that comes next whatever the list says. */
  forward: { stack: number; action_id: string } | null
  /** Advances so far. */
  execute_count: number
  /** Counts what was asked of the outside: the number in every key. */
  step: number
  variables: Variables
  /** What the current action remembers. */
  memory: unknown
  awaited: readonly Awaited[]
  /** Waits on `block`. */
  parked: boolean
  /** The call it is bound to; `null` where there is none. */
  call: { answered: boolean; over: boolean } | null
  /** Nobody proved who started this: it dials no paid destination, and neither does what follows from it. */
  free_only?: boolean
  /** On whose account it makes paid calls; absent = nobody's in particular. */
  spender?: Spender
  /** How far its call has come; the calls that it makes go on from there. */
  travelled?: Travelled
}

/** What an execution is made from. */
export interface Beginning {
  activeflow_id: string
  customer_id: string
  flow_id: string
  reference_type: ReferenceType
  reference_id?: string
  reference_activeflow_id?: string
  on_complete_flow_id?: string
  complete_count?: number
  /** Absent: the flow is read first (`fetch_flow`). */
  actions?: readonly Action[]
  inherited?: Variables
  injected?: Variables
  /** Names that describe what it is bound to (`voipbin.call.…`). */
  bound?: Variables
  call?: { answered: boolean; over: boolean }
  free_only?: boolean
  spender?: Spender
  /** How far its call has come; the calls that it makes go on from there. */
  travelled?: Travelled
  tm_create: Timestamp
}

/** An execution that has not begun: `running`, standing on the start pseudo action. */
export function begin(from: Beginning): FlowState {
  const { reference_id = NIL_UUID, reference_activeflow_id = NIL_UUID, complete_count = 0 } = from
  const { variables, dropped } = firstVariables({
    ...(from.inherited ? { inherited: from.inherited } : {}),
    ...(from.injected ? { injected: from.injected } : {}),
    platform: {
      'voipbin.activeflow.id': from.activeflow_id,
      'voipbin.activeflow.reference_type': from.reference_type,
      'voipbin.activeflow.reference_id': reference_id,
      'voipbin.activeflow.reference_activeflow_id': reference_activeflow_id,
      'voipbin.activeflow.flow_id': from.flow_id,
      'voipbin.activeflow.complete_count': String(complete_count),
      'voipbin.activeflow.tm_create': from.tm_create,
      ...from.bound,
    },
  })
  return {
    activeflow_id: from.activeflow_id,
    customer_id: from.customer_id,
    flow_id: from.flow_id,
    reference_type: from.reference_type,
    reference_id,
    reference_activeflow_id,
    on_complete_flow_id: from.on_complete_flow_id ?? NIL_UUID,
    complete_count,
    status: 'running',
    ended_reason: '',
    ended_detail: '',
    stacks: from.actions ? [{ actions: from.actions, return_action_id: '', gotos: {} }] : [],
    current: {
      id: ACTION_ID_START,
      next_id: NIL_UUID,
      type: '',
      tm_execute: null,
      ...(dropped.length > 0 ? { cause: `variables_dropped: ${dropped.join(', ').slice(0, 1_000)}` } : {}),
    },
    forward: null,
    execute_count: 0,
    step: 0,
    variables,
    memory: null,
    awaited: [],
    parked: false,
    call: from.call ?? null,
    ...(from.free_only ? { free_only: true } : {}),
    ...(from.spender ? { spender: from.spender } : {}),
    ...(from.travelled ? { travelled: from.travelled } : {}),
  }
}

/** Whether it was ever begun. */
export function hasBegun(state: FlowState): boolean {
  return state.execute_count > 0 || state.awaited.length > 0 || state.status === 'ended'
}

/** What has to be asked for again by whoever takes it over; timers run for what is left of them. */
export function outstanding(state: FlowState, nowMs: number): Command[] {
  return state.awaited.map(({ due_ms, ...command }) =>
    command.type === 'timer' && due_ms !== undefined ? { ...command, after_ms: Math.max(0, due_ms - nowMs) } : command,
  )
}
