import type { Activeflow } from './activeflow.ts'
import type { ActiveflowResource, FlowResource, FlowTestReportResource } from './contract.ts'
import type { Action, Flow } from './flow.ts'
import type { FlowTestReport } from './flow-test/run-flow-test.ts'

/** A flow as the wire shows it: empty texts are left out. */
export function presentFlow(flow: Flow): FlowResource {
  const { name, detail, direct_hash } = flow
  return {
    id: flow.id,
    customer_id: flow.customer_id,
    type: flow.type,
    ...(name === '' ? {} : { name }),
    ...(detail === '' ? {} : { detail }),
    actions: flow.actions.map(presentAction),
    ...(direct_hash === '' ? {} : { direct_hash }),
    on_complete_flow_id: flow.on_complete_flow_id,
    tm_create: flow.tm_create,
    tm_update: flow.tm_update,
    tm_delete: flow.tm_delete,
  }
}

/** An action of a flow: nothing has run it. */
function presentAction({ id, next_id, type, option }: Action): FlowResource['actions'][number] {
  return { id, next_id, type, ...(option === undefined ? {} : { option }), tm_execute: null }
}

/** An activeflow as the wire shows it: empty texts are left out. */
export function presentActiveflow(activeflow: Activeflow): ActiveflowResource {
  const { reference_type, webhook_uri, webhook_method, ended_reason, ended_detail } = activeflow
  return {
    id: activeflow.id,
    customer_id: activeflow.customer_id,
    flow_id: activeflow.flow_id,
    status: activeflow.status,
    ...(reference_type === '' ? {} : { reference_type }),
    reference_id: activeflow.reference_id,
    reference_activeflow_id: activeflow.reference_activeflow_id,
    on_complete_flow_id: activeflow.on_complete_flow_id,
    ...(webhook_uri === '' ? {} : { webhook_uri }),
    ...(webhook_method === '' ? {} : { webhook_method }),
    current_action: presentRun(activeflow.current_action),
    forward_action_id: activeflow.forward_action_id,
    executed_actions: activeflow.executed_actions.map(presentRun),
    ...(ended_reason === '' ? {} : { ended_reason }),
    ...(ended_detail === '' ? {} : { ended_detail }),
    tm_create: activeflow.tm_create,
    tm_update: activeflow.tm_update,
    tm_delete: activeflow.tm_delete,
  }
}

/** What a test of a flow showed, as the wire shows it. */
export function presentFlowTest(report: FlowTestReport): FlowTestReportResource {
  return {
    ...report,
    executions: report.executions.map((execution) => ({
      ...execution,
      current_action: presentRun(execution.current_action),
      executed_actions: execution.executed_actions.map(presentRun),
    })),
  }
}

/** The start and the end have no type. */
function presentRun({ type, ...rest }: Activeflow['current_action']): ActiveflowResource['current_action'] {
  return { ...rest, ...(type === '' ? {} : { type }) }
}
