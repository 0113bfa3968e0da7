import type { RecordingPaths } from './live-recording.ts'
import type { RecordingIssue } from './recording-issue.ts'

/** What the engine tells the writer. `key` is the engine's number for a recording. */
export type ToWriter =
  /** Open the files and write what comes through the ring. `startMs`: it had been started by a writer that crashed. */
  | { type: 'begin'; key: number; paths: RecordingPaths; memory: SharedArrayBuffer; startMs: number | undefined }
  /** Nothing that passes after this moment belongs to it. */
  | { type: 'end'; key: number; atMs: number }

/** What the writer tells the engine. */
export type FromWriter =
  | { type: 'ready' }
  /** Both files are open; `startMs` is the moment of their first sample. */
  | { type: 'started'; key: number; startMs: number }
  /** Its files are closed. */
  | { type: 'ended'; key: number; durationMs: number; issue: RecordingIssue | undefined }
