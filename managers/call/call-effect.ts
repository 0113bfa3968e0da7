import type { AskedTransfer } from '#telecom/line'
import type { PromptPart, StreamTarget } from '#telecom/media'
import type { AttemptEvent } from './attempt.ts'
import type { Call, MuteDirection } from './call.ts'
import type { CallTimer } from './call-input.ts'
import type { ControlRefusal } from './control.ts'
import type { RouteEvent } from './dialling.ts'
import type { CallEvent } from './events.ts'
import type { ConnectOptions, LiveCallInput, SayOptions } from './live-call.ts'
import type { Recording } from './recording.ts'
import type { RecordingEvent } from './recording-events.ts'
import type { WayCarrier } from './way.ts'

/** What a live call wants done. The runner does it; what comes of it comes back as an input. */
export type CallEffect =
  | { do: 'ring' }
  | { do: 'answer' }
  | { do: 'dial' }
  /** This way to the callee is made ready: `redial_ready` or `redial_failed` follows. */
  | { do: 'redial'; way: number }
  /** What becomes of an attempt over a route is kept. */
  | { do: 'note_route'; way: number; carrier: WayCarrier; event: RouteEvent }
  | { do: 'play'; sound: string; parts: readonly PromptPart[] }
  | { do: 'echo' }
  | { do: 'silence' }
  /** Who answered is listened for. */
  | { do: 'detect' }
  | { do: 'ringback' }
  | { do: 'music' }
  /** The leg of this id is heard. */
  | { do: 'bridge'; peer: string }
  /** The leg of this id is told what ours does. */
  | { do: 'steer'; peer: string; input: { type: 'join' | 'peer_again' } | { type: 'peer_held'; held: boolean } }
  | { do: 'hangup'; cause: number }
  | { do: 'render'; sound: string; text: string; voice: SayOptions }
  | { do: 'fetch'; sound: string; urls: readonly string[] }
  | { do: 'abort'; sound: string }
  /** Over everything that sounds: what is covered waits. */
  | { do: 'hold'; on: boolean }
  | { do: 'cover'; by: 'moh' | 'silence'; on: boolean }
  | { do: 'announce'; sound: string; parts: readonly PromptPart[] }
  | { do: 'mute'; direction: MuteDirection }
  /** A program hears and speaks, or does not any more. */
  | { do: 'stream'; stream: StreamTarget }
  | { do: 'end_stream'; stream_id: string }
  /** What was asked with this key is done, or refused. */
  | { do: 'controlled'; key: string; refusal?: ControlRefusal }
  /** Others are called: `called_out` or `not_called_out` follows, and an `attempt` for each that happens to them. */
  | { do: 'call_out'; key: string; options: ConnectOptions }
  | { do: 'win_attempt' | 'end_attempt' | 'end_other_attempts'; key: string; attempt: number }
  /** Whoever had this leg dialled hears of it. */
  | { do: 'report'; event: AttemptEvent }
  /** The phone of this leg asks us to call somebody in its place. */
  | { do: 'ask_transfer'; transfer: AskedTransfer }
  /** The calls that follow this one end with it. */
  | { do: 'end_chain' }
  /** Whether it may be recorded, and where: `recording_prepared` follows. */
  | { do: 'prepare_recording'; key: string; recording: Recording }
  | { do: 'record'; recording: Recording; endOfSilenceMs: number }
  | { do: 'stop_recording' }
  /** What is on the disk of it: `recording_measured` follows. */
  | { do: 'measure_recording'; recording: Recording }
  /** It will not be made: what was prepared goes away. */
  | { do: 'discard_recording'; recording: Recording }
  | { do: 'save_recording'; recording: Recording; events: readonly RecordingEvent[] }
  /** It is over and written: what follows it may begin. */
  | { do: 'recording_over'; recording: Recording }
  /** Row and events in one write. */
  | { do: 'save'; call: Call; events: readonly CallEvent[] }
  | { do: 'tell'; input: LiveCallInput }
  | { do: 'start'; timer: CallTimer; ms: number }
  | { do: 'stop'; timer: CallTimer }
  /** The call is over: nothing follows. */
  | { do: 'release' }
