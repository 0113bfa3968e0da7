import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Call } from './call.ts'

/** The states of a recording (`recordings.md` §1): only forward, `ended` is final. */
export const RECORDING_STATUSES = ['initiating', 'recording', 'stopping', 'ended'] as const
export type RecordingStatus = (typeof RECORDING_STATUSES)[number]

export const RECORDING_REFERENCES = ['call', 'confbridge'] as const
export type RecordingReference = (typeof RECORDING_REFERENCES)[number]

/** Seconds of a recording, or of silence in one, that can be asked for: what a timer can wait. */
export const LONGEST_RECORDING_S = 2_147_483

/** In which form its files are kept: both begin as WAV, which a crash cannot spoil. */
export const RECORDING_FORMATS = ['wav', 'mp3'] as const
export type RecordingFormat = (typeof RECORDING_FORMATS)[number]

/** A file of a recording and the SHA-256 of its octets, hexadecimal. */
export interface RecordingChecksum {
  filename: string
  sha256: string
}

/** A recording: the record is the column, the type and the JSON (the presenter leaves out what is empty, rule A). */
export interface Recording {
  id: string
  customer_id: string
  owner_type: '' | 'agent'
  owner_id: string
  /** Of what is recorded. */
  activeflow_id: string
  reference_type: RecordingReference
  reference_id: string
  status: RecordingStatus
  format: RecordingFormat
  on_end_flow_id: string
  /** What its files begin with. Inside only. */
  recording_name: string
  /** Seconds of sound; known once it has ended. */
  duration: number | null
  /** Octets of all its files; known once it has ended, of an MP3 once it has been made. */
  size: number | null
  /** Nothing is missing from the first moment to the last; known once it has ended. */
  complete: boolean | null
  /** Of its files, once they are kept; they never change after that. */
  checksums: RecordingChecksum[] | null
  tm_start: Timestamp | null
  tm_end: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The steps between the states; a step that is not in the table cannot be taken. */
const next: Record<RecordingStatus, readonly RecordingStatus[]> = {
  initiating: ['recording', 'stopping', 'ended'],
  recording: ['stopping', 'ended'],
  stopping: ['ended'],
  ended: [],
}

/** Whether the recording may go to this state now. */
export function mayBecome(recording: Pick<Recording, 'status'>, status: RecordingStatus): boolean {
  return next[recording.status].includes(status)
}

/** The recording of a call that is about to begin. */
export function newRecording(
  id: string,
  call: Pick<Call, 'id' | 'customer_id' | 'activeflow_id'>,
  { format, on_end_flow_id }: Pick<Recording, 'format' | 'on_end_flow_id'>,
  tm_create: Timestamp,
): Recording {
  return {
    id,
    customer_id: call.customer_id,
    owner_type: '',
    owner_id: NIL_UUID,
    activeflow_id: call.activeflow_id,
    reference_type: 'call',
    reference_id: call.id,
    status: 'initiating',
    format,
    on_end_flow_id,
    recording_name: `call_${call.id}_${tm_create.slice(0, 19)}Z`,
    duration: null,
    size: null,
    complete: null,
    checksums: null,
    tm_start: null,
    tm_end: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}

/** What is said of its size when it ends: that of the files which are kept, where those are there already. */
export function sizeAtEnd({ format }: Pick<Recording, 'format'>, written: number): number | null {
  return format === 'wav' ? written : null
}

/** What its files are called: for a call one per direction, in = from the party; for a conference the mix alone. */
export function fileNames(recording: Recording): string[] {
  return namesAs(recording, recording.format)
}

/** What its files are called in a form: as they are kept, or as they are written while it goes on. */
export function namesAs({ recording_name, reference_type }: Recording, format: RecordingFormat): string[] {
  const directions = reference_type === 'call' ? ['in', 'out'] : ['in']
  return directions.map((direction) => `${recording_name}_${direction}.${format}`)
}

/** The flow variables that describe a recording (`variables.md` §4.7), and whether all of it could be kept. */
export function recordingVariables(recording: Recording): Record<string, string> {
  return {
    'voipbin.recording.id': recording.id,
    'voipbin.recording.reference_type': recording.reference_type,
    'voipbin.recording.reference_id': recording.reference_id,
    'voipbin.recording.format': recording.format,
    'voipbin.recording.recording_name': recording.recording_name,
    'voipbin.recording.filenames': fileNames(recording).join(','),
    'voipbin.recording.complete': recording.complete === null ? '' : String(recording.complete),
  }
}
