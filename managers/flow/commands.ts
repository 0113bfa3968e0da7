/** What the api role and the call role say to each other about executions. */
import type { Command } from '#platform/bus'
import type { Activeflow } from './activeflow.ts'

/** A poke: something waits to be taken. Losing it costs a second. */
export const FLOW_WAITING = 'flow.waiting'
/** Any node of the call role; `flow.command.<incarnation>` is one of them. */
export const FLOW_COMMAND = 'flow.command'

/** An order to a running execution. */
export interface FlowCommand extends Command {
  type: 'stop' | 'continue'
  customer_id: string
  activeflow_id: string
  /** Of `stop`: for a deletion, which needs the end to be on disk before it goes on. */
  deleting?: boolean
}

/** The execution after the order, or the incarnation that runs it instead of who was asked. */
export type FlowAnswer = { activeflow: Activeflow } | { runs_at: string }
