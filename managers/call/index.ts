/** Calls: the live ones (`CallEngine`, `LiveCall`) and the records of all (`CallService`). See README.md. */
export type { AdmissionNeeds } from './admission.ts'
export {
  type Call,
  type CallAction,
  type CallDirection,
  type CallMetadata,
  type CallStatus,
  HANGUP_REASONS,
  type HangupBy,
  type HangupReason,
} from './call.ts'
export { CallEngine, type CallEngineCounters, type CallEngineNeeds } from './call-engine.ts'
export { CALL_EVENTS, type CallEvent } from './events.ts'
export type {
  CallFlow,
  ConnectOptions,
  DigitMethod,
  IncomingCall,
  LiveCall,
  LiveCallInput,
  OutgoingCallFlow,
  PlayOutcome,
  PreparedFlow,
  PrepareIncoming,
  PrepareOutgoing,
  RecordingOptions,
  SayOptions,
  StartedRecording,
} from './live-call.ts'
export { type LiveNeeds, LiveRunner, type SoundFetcher, type Speech } from './live-runner.ts'
export { migrations } from './migrations/index.ts'
export type { PlaceCallsRequest, PlacedCalls } from './place-calls.ts'
export { presentCall } from './present.ts'
export { CallRecovery, type DeadLife, type OnCallsClosed } from './recovery.ts'
export { callRoutes } from './routes.ts'
export { CallService } from './service.ts'
export { callVariables } from './variables.ts'
