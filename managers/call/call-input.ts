import type { LineEvent } from '#telecom/line'
import type { PromptPart } from '#telecom/media'
import type { CallAction, HangupReason } from './call.ts'
import type { ConnectInput } from './connect-machine.ts'
import type { ControlInput } from './control-machine.ts'
import type { PeerInput } from './conversation.ts'
import type { ConnectOptions } from './live-call.ts'
import type { MoveInput } from './move.ts'
import type { RecordingInput } from './recording-machine.ts'
import type { SoundInput } from './sound-machine.ts'
import type { StreamInput } from './stream-machine.ts'

/** What a live call is given, one at a time. */
export type CallInput =
  | { type: 'line'; event: LineEvent }
  /** The row with the dialog's identity is on disk. */
  | { type: 'stored' }
  | { type: 'answer'; key: string }
  | { type: 'connect'; key: string; options: ConnectOptions }
  | { type: 'detect'; key: string; hangup: boolean }
  | { type: 'stop_playing' }
  | { type: 'hangup'; reason: HangupReason; cause?: number }
  | { type: 'action'; action: CallAction }
  | { type: 'sound_ready'; sound: string; parts: readonly PromptPart[] }
  /** `isTextAtFault`: no voice could speak such a text. */
  | { type: 'sound_failed'; sound: string; issue: string; isTextAtFault: boolean }
  /** The next way to a callee is ready to be dialled, or cannot be. */
  | { type: 'redial_ready' }
  | { type: 'redial_failed' }
  /** These calls follow this one from now on. */
  | { type: 'chain'; call_ids: readonly string[] }
  | { type: 'timer'; timer: CallTimer }
  | ControlInput
  | StreamInput
  | SoundInput
  | ConnectInput
  | PeerInput
  | RecordingInput
  | MoveInput

/**
 * `max_duration` ends the call; `dial` gives a callee up; `sound` ends an echo, or the waiting for speech and files,
 * `announcement` that for words over everything else; `recording:<id>` what a recording waits for.
 */
export type CallTimer = 'max_duration' | 'dial' | 'sound' | 'announcement' | `recording:${string}`
