/** Accounts of calls: what was on the wire, what was decided, and why they ended as they did. See README.md. */
export { CallRecorder, type CallRecorderCounts, type CallRecorderNeeds } from './call-recorder.ts'
export { Captures } from './captures.ts'
export { migrations } from './migrations/index.ts'
export type {
  Calls,
  Charges,
  DeliveryAttempts,
  Execution,
  Executions,
  ExplainedCall,
  RouteAttempts,
  WebhookAttempts,
} from './needs.ts'
export { RecordSource } from './record-source.ts'
export { RecordSweeper } from './record-sweeper.ts'
export { RefusalRecorder } from './refusal-recorder.ts'
export { REFUSAL_VERDICTS } from './refusal-table.ts'
export { RefusedStore } from './refused-store.ts'
export { explainRoutes } from './routes.ts'
export { type ExplainNeeds, ExplainService } from './service.ts'
export { BLAMES, VERDICT_REASONS, VERDICTS, type VerdictReason, WARNING_REASONS, WARNINGS } from './verdict-table.ts'
