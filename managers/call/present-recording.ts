import type { Recording } from './recording.ts'
import type { Recording as RecordingView } from './recording-contract.ts'

/** The recording as the wire shows it: ids always, empty strings and what is not known yet left out (rule A). */
export function presentRecording({ recording_name: _, ...recording }: Recording): RecordingView {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(recording)) if (value !== '' && value !== null) shown[name] = value
  return shown as RecordingView
}
