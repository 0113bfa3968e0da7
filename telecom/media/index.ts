/**
 * Sound. `MediaEngine` owns the worker threads; a `MediaEndpoint` is one line's pair of sockets in one of them, told
 * what it shall be by `want` and telling what it hears by events. No RTP packet ever reaches the calling thread.
 */
export type { MachineVerdict } from './amd/judge.ts'
export { MachineDetector } from './amd/machine-detector.ts'
export {
  type MediaEndpoint,
  MediaEngine,
  type MediaEngineOptions,
  type OpenEndpoint,
  type Placement,
} from './media-engine.ts'
export { MediaError, type MediaProblem } from './media-error.ts'
export type { EndpointStatistics, MediaEvent, PromptOutcome, StreamIssue } from './media-event.ts'
export type { RecordingIssue } from './recording/recording-issue.ts'
export { repairPair, repairRecording } from './recording/repair.ts'
export {
  AudioSocketKind,
  AudioSocketReader,
  audioSocketMessage,
  MOST_AUDIO_SOCKET_PAYLOAD,
  uuidOfBytes,
} from './stream/audio-socket.ts'
export type { TickLateness } from './tick-lateness.ts'
export type {
  CaptureTarget,
  CodecName,
  Cover,
  Direction,
  EndpointSpec,
  MuteDirection,
  PromptPart,
  RecordingTarget,
  Sending,
  StreamTarget,
  WantedMedia,
} from './wanted-media.ts'
export { decodeWav } from './wav/read-wav.ts'
export { toTelephoneWav } from './wav/telephone-wav.ts'
export { WavError } from './wav/wav-header.ts'
export { writeWav } from './wav/write-wav.ts'
