import type { NewEvent } from '#platform/events'
import { presentRecording } from './present-recording.ts'
import type { Recording } from './recording.ts'

/** What is announced about recordings; all of it is public. */
export const RECORDING_EVENTS = ['recording_started', 'recording_finished', 'recording_deleted'] as const
export type RecordingEvent = (typeof RECORDING_EVENTS)[number]

/** The event with the recording as it is at this moment. */
export function recordingEvent(type: RecordingEvent, recording: Recording): NewEvent {
  return {
    customer_id: recording.customer_id,
    type,
    resource: 'recording',
    resource_id: recording.id,
    public: true,
    activeflow_id: recording.activeflow_id,
    data: presentRecording(recording),
  }
}
