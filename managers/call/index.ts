/** Calls: the live ones (`CallEngine`, `LiveCall`) and the records of all (`CallService`). See README.md. */
export type { AdmissionNeeds } from './admission.ts'
export { AgentCalls, agentCallRoutes } from './agent-calls.ts'
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
export { CallEngine, type CallEngineCounters, type CallEngineNeeds, type CallingOutNeeds } from './call-engine.ts'
export type { InsideCallees } from './call-planner.ts'
export {
  type CallWitness,
  END_ASKERS,
  type EndAsker,
  type MatchedRule,
  REFUSALS,
  type Refusal,
  type RefusedInvite,
  type WitnessedLine,
} from './call-witness.ts'
export { ClosedHistories } from './closed-histories.ts'
export { ClosedHistoryNotes } from './closed-history-notes.ts'
export type { Control, MutedDirection } from './control.ts'
export { callControlRoutes } from './control-routes.ts'
export { CallControlService } from './control-service.ts'
export { callingCodeOf, countryOf } from './country.ts'
export type { CreateCallsNeeds } from './create-calls.ts'
export type { DialableLine } from './dialable-line.ts'
export { isEmergency } from './emergency.ts'
export { EndedCalls } from './ended-calls.ts'
export { EndedRecordings } from './ended-recordings.ts'
export { CALL_EVENTS, type CallEvent } from './events.ts'
export type { Groupcall, GroupcallStatus, GroupRingMethod } from './groupcall.ts'
export { GROUPCALL_EVENTS, type GroupcallEvent } from './groupcall-events.ts'
export { groupcallRoutes } from './groupcall-routes.ts'
export { GroupcallService } from './groupcall-service.ts'
export type { Travelled } from './hops.ts'
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
export { type LiveNeeds, LiveRunner } from './live-runner.ts'
export { MediaStreams } from './media-streams.ts'
export { MeteredUses } from './metered-uses.ts'
export { migrations } from './migrations/index.ts'
export type { OutboundConfig } from './outbound-config.ts'
export { outboundConfigRoutes } from './outbound-config-routes.ts'
export { OutboundConfigService } from './outbound-config-service.ts'
export type { PlaceCallsRequest, PlacedCalls, SkippedDestination } from './place-calls.ts'
export { presentCall } from './present.ts'
export { presentGroupcall } from './present-groupcall.ts'
export type { Recording, RecordingReference, RecordingStatus } from './recording.ts'
export { RECORDING_EVENTS, type RecordingEvent } from './recording-events.ts'
export { RecordingFiles } from './recording-files.ts'
export { RecordingKeeper } from './recording-keeper.ts'
export type { RecordingRefusal } from './recording-machine.ts'
export { RecordingRecovery, type RepairRecording } from './recording-recovery.ts'
export { RecordingRetention } from './recording-retention.ts'
export { recordingRoutes } from './recording-routes.ts'
export type { FlowAfterRecording, OnRecordingEnded, RecordingNeeds } from './recording-runner.ts'
export { RecordingService } from './recording-service.ts'
export { CallRecovery, type DeadLife, type OnCallsClosed } from './recovery.ts'
export { ROUTE_OUTCOMES, type RouteAttemptRecord } from './route-attempt.ts'
export { RouteAttemptStore } from './route-attempt-store.ts'
export { callRoutes } from './routes.ts'
export { CallService } from './service.ts'
export type { SoundFetcher, Speech } from './sound-preparer.ts'
export { spenderOfIdentity } from './spender.ts'
export type { StreamCommand } from './stream-commands.ts'
export { mediaStreamRoutes } from './stream-contract.ts'
export { TRANSFER_EVENTS, type TransferEvent } from './transfer-events.ts'
export { transferRoutes } from './transfer-routes.ts'
export { TransferService } from './transfer-service.ts'
export { callVariables } from './variables.ts'
