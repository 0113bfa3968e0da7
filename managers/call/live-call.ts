import type { Spender } from '#managers/billing'
import type { Address } from '#platform/http'
import type { MachineVerdict } from '#telecom/media'
import type { Call, CallAction, HangupBy, HangupReason } from './call.ts'
import type { Travelled } from './hops.ts'
import type { RecordingFormat } from './recording.ts'

/**
 * A call that is up, as the flow above it sees it: commands in, inputs out. Nothing here waits: a command is taken or
 * (when the call is ending) ignored, and what came of it is told to the subscribers later, never from inside the
 * command itself.
 *
 * Every command that has an outcome carries an effect `key` (`activeflow:step`), which comes back with the outcome. A
 * key that this call has seen before is not carried out a second time: while the first one runs, its outcome is the
 * outcome; when it has ended, its outcome is told again.
 *
 * One thing sounds at a time. Starting `say`, `play`, `beep`, `sendDigits` or `echo` stops what sounds before it, which
 * ends with `played`/`digits_sent`/`echoed` and outcome `stopped`.
 */
export interface LiveCall {
  readonly id: string
  readonly customer_id: string
  /** The record as it is now (a copy; the nil activeflow until the flow was bound). */
  snapshot(): Call

  /**
   * Answers an incoming call: the row with its dialog is on disk before the 200 leaves. Outcome: `answered`; at once
   * when it is answered already. Where it cannot be answered any more, `hungup` is the outcome.
   */
  answer(key: string): void
  /** Speaks. Does not answer by itself: an unanswered caller hears it as early media (183). Outcome: `played`. */
  say(key: string, text: string, voice?: SayOptions): void
  /**
   * Plays audio from `http(s)` URLs one after the other, fetched within the rules for outside addresses. Does not answer.
   * A source that cannot be read is passed over; the outcome is `played`: `failed` only if none could be played, with the
   * reason of the first.
   */
  play(key: string, urls: readonly string[]): void
  /** Plays WAV files of the platform's own, by absolute path. Never hand in a path that a customer wrote. */
  playPrompt(key: string, files: readonly string[]): void
  /** One beep. Outcome: `played`. */
  beep(key: string): void
  /** Sends digits (`0-9 A-D * #`) by RFC 4733 where the phone takes it, else as tones. Outcome: `digits_sent`. */
  sendDigits(key: string, digits: string, options: { duration_ms: number; interval_ms: number }): void
  /** Gives the caller its own sound back. Outcome: `echoed` after that time. */
  echo(key: string, duration_ms: number): void
  /** Stops what sounds. Its outcome says `stopped`. Nothing happens in silence. */
  stopPlaying(): void
  /**
   * Ends the call: BYE when answered, else the SIP status of the reason (`calls.md` §3.3). Safe to repeat. The end comes
   * as `hungup`. A `cause` (Q.850) tells an unanswered caller more exactly than the reason does why it ends.
   */
  hangup(reason: HangupReason, cause?: number): void

  /**
   * Calls the destinations for this call (they are chained to it) and joins it with the first that answers; answers an
   * unanswered caller then. Outcome: `connect_ended`, once.
   */
  connect(key: string, options: ConnectOptions): void

  /**
   * Records both directions of an answered call, one recording at a time. Outcome: `recording_started` or
   * `recording_refused`. It ends by its limits, by `stopRecording`, and with the call.
   */
  startRecording(key: string, options: RecordingOptions): void
  /** Ends the recording. Outcome `recording_stopped`; also when nothing is recorded. */
  stopRecording(key: string): void

  /**
   * Listens whether a person or a machine has answered, by energy and cadence. Outcome: `machine_detected`, mostly within 6
   * s; none where nothing can be heard, and after the call.
   */
  detectMachine(key: string, options: { hangup: boolean }): void

  /** Shows what the flow is doing: written with the row and announced by `call_updated`. */
  setAction(action: CallAction): void

  /**
   * Hears everything from now on; also `hungup` at once (in the next turn) when the call is over already. The returned
   * function ends it. Inputs come one at a time and never from inside a command.
   */
  subscribe(handler: (input: LiveCallInput) => void): () => void
}

export interface SayOptions {
  /** BCP 47, e.g. `en-US`. */
  language?: string
  provider?: string
  voice_id?: string
  gender?: string
}

export interface ConnectOptions {
  /** Absent: the call's own address. */
  source?: Address
  destinations: readonly Address[]
  /** The caller hears what the far end sends before it answers. */
  early_media: boolean
  /** The caller is told why nobody answered. */
  relay_reason: boolean
  anonymous: 'yes' | 'no' | 'auto'
}

export interface RecordingOptions {
  format: RecordingFormat
  /** Seconds of silence that end it; 0 = never. */
  end_of_silence: number
  /** The key that ends it; empty and `none` = none. */
  end_of_key: '' | 'none' | 'any' | '*' | '#'
  /** Seconds after which it ends; 0 = no end. */
  duration: number
  /** The caller hears a beep before it begins. */
  beep_start: boolean
  /** The flow that starts when it has ended; the nil UUID = none. */
  on_end_flow_id: string
}

/** How a sound ended: heard to its end, cut off (by a command or another sound), or it could not be played. */
export type PlayOutcome = 'finished' | 'stopped' | 'failed'

/** What a live call tells the flow. */
export type LiveCallInput =
  /** 200 has left; `key` is that of the command, or of the first of several. */
  | { type: 'answered'; key: string }
  | { type: 'played'; key: string; outcome: PlayOutcome; reason?: string }
  | { type: 'digits_sent'; key: string; outcome: PlayOutcome }
  | { type: 'echoed'; key: string; outcome: PlayOutcome }
  /**
   * `unanswered`: all attempts have ended; reason and cause are the first leg's. `failed`: nothing could be created, and
   * `issue` is the word for why.
   */
  | {
      type: 'connect_ended'
      key: string
      outcome: 'talked' | 'unanswered' | 'failed'
      hangup_reason?: HangupReason
      cause?: number
      issue?: string
    }
  /** Told of every recording of the call, whoever asked for it. */
  | { type: 'recording_started'; key: string; recording: StartedRecording }
  /** `reason` is one of `RecordingRefusal`. */
  | { type: 'recording_refused'; key: string; reason: string }
  | { type: 'recording_stopped'; key: string }
  /** `hangup` is that of the command: a machine is to be hung up. */
  | ({ type: 'machine_detected'; key: string; hangup: boolean } & MachineVerdict)
  /** The far end pressed a key. `method` says how it came. Duration is 0 where it is not known. */
  | { type: 'digit'; digit: string; duration_ms: number; method: DigitMethod }
  /** The call is over; nothing follows. */
  | { type: 'hungup'; hangup_by: HangupBy; hangup_reason: HangupReason }

/** What a flow may know of a recording of its call. */
export interface StartedRecording {
  id: string
  reference_type: 'call'
  reference_id: string
  format: string
  recording_name: string
  /** Joined with commas. */
  filenames: string
}

export type DigitMethod = 'rfc4733' | 'info' | 'inband'

/** What runs on a call: a flow of its owner, or actions that become a temporary one. */
export type CallFlow = { flow_id: string } | { actions: readonly object[] }

/** An incoming call that was let in, before its flow is made. */
export interface IncomingCall {
  /** The record as it will be created: id, customer, ends, direction `incoming`; the activeflow is still nil. */
  call: Call
  /** The flow that the number or the direct hash names, or what the platform does for what was dialled. */
  flow: CallFlow
  /** Nobody proved who he is: no paid destination may be dialled for this caller (`design.md` §7). */
  anonymous: boolean
  /** On whose account its flow makes paid calls. */
  spender?: Spender
  /** How far it has come; the calls of its flow go on from there. */
  travelled?: Travelled
}

/** A flow made ready for a call that is about to exist. */
export interface PreparedFlow {
  activeflow_id: string
  /** The flow that runs: the one that was named, or the temporary one that was made of actions. */
  flow_id?: string
  /**
   * Called once, when the call exists (it may have ended already: then `hungup` is its first input); for a call that we
   * make, when it is answered (or rings, with early execution). Must not throw and must not wait.
   */
  start(live: LiveCall): void
  /** The leg of a call that we make has ended before: the execution ends without having run. Nothing after `start`. */
  cancel(): void
}

/**
 * The hook that the server plugs in: makes the activeflow of an incoming call. `undefined` = there is no such flow
 * (any more), which answers the caller 404. Throwing answers 503 (nothing was created).
 */
export type PrepareIncoming = (incoming: IncomingCall) => Promise<PreparedFlow | undefined>

/** A call that is about to be made, before its flow is. */
export interface OutgoingCallFlow {
  /** The record as it will be created; the activeflow is still nil. */
  call: Call
  flow: CallFlow
  /** What the request brings in. */
  variables: Readonly<Record<string, string>>
  /** Nobody proved who started this: its flow may dial no paid destination (`design.md` §7). */
  free_only?: boolean
  /** On whose account its flow makes paid calls. */
  spender?: Spender
  /** How far it has come; the calls of its flow go on from there. */
  travelled?: Travelled
}

/**
 * The hook that makes the activeflow of a call that we make: it exists from now on and runs from `start`. `undefined` =
 * there is no such flow (any more).
 */
export type PrepareOutgoing = (outgoing: OutgoingCallFlow) => Promise<PreparedFlow | undefined>
