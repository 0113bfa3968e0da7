/**
 * Flows and their executions: records and REST (`FlowService`, `ActiveflowService`, api role), the pure interpreter
 * (`begin`, `step`), and the runtime that executes it (`FlowRuntime`, call role). See README.md.
 */
export { type AnyAction, defineAction } from './actions/define-action.ts'
export { ACTION_TYPES, actions } from './actions/index.ts'
export type { ActionRun, Activeflow, EndedReason, ReferenceType } from './activeflow.ts'
export { ActiveflowService, type ActiveflowServiceNeeds } from './activeflow-service.ts'
export { ActiveflowStore } from './activeflow-store.ts'
export type { DetachedStart } from './detached.ts'
export {
  type Beginning,
  begin,
  type Command,
  type FlowState,
  type Input,
  outstanding,
  type Stepped,
  step,
} from './engine/index.ts'
export type { Action, Flow } from './flow.ts'
export { type FlowTestNeeds, type FlowTestReport, type TestedFlow, testFlow } from './flow-test/run-flow-test.ts'
export type { FlowTestScript } from './flow-test/script.ts'
export { migrations } from './migrations/index.ts'
export type {
  Ask,
  AskedFor,
  AskOutcome,
  Asks,
  HangupReasonOf,
  LiveCallOf,
  OnFlowDeleted,
  PlaceCalls,
  SendWebhook,
  WebhookOutcome,
  WebhookRequest,
} from './needs.ts'
export { refuseVariables } from './refuse-variables.ts'
export { activeflowRoutes, flowRoutes } from './routes.ts'
export { FlowRuntime, type FlowRuntimeNeeds } from './runtime.ts'
export { FlowService, type FlowServiceNeeds } from './service.ts'
