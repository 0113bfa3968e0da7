import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type {
  MediaEndpoint,
  MuteDirection,
  OpenEndpoint,
  PromptPart,
  RecordingTarget,
  StreamTarget,
} from '#telecom/media'
import type { DialogState, Flow, HeaderInput } from '#telecom/sip'
import type { LineEvent } from './line-event.ts'

/**
 * A phone line: one leg with its dialog, its offer/answer and its sound. This is all that a manager sees of telephony;
 * no SIP message and no RTP packet comes out of here. Commands return at once; events tell what came of them.
 */
export interface Line {
  readonly id: string
  /** The identity of its dialog: kept on disk before our 200, so that a BYE can end it after a crash. */
  readonly dialog: DialogState
  readonly ended: boolean
  /** The codec that was agreed, e.g. `PCMU`. */
  readonly codec: string | undefined
  /** The worker that its sound lives in: a hint for its peer's. */
  readonly worker: number | undefined
  /** Hears its events from now on, those that came before included. One handler. */
  listen(handler: (event: LineEvent) => void): void
  /** 180 to a caller; nothing happens once something sounded or it was answered. */
  ring(): void
  /** 200 to a caller, with our description. False when the leg is gone (then `ended` has been told). */
  answer(): boolean
  /** Plays parts one after the other, in place of what sounds. Before the answer as early media. Ends with `played`. */
  play(id: string, parts: readonly PromptPart[]): void
  /** Gives the far end its own sound back, in place of what sounds. */
  echo(): void
  /** Music on hold for the far end, in place of what sounds. */
  music(): void
  /** Ringing tone for the far end, in place of what sounds; early media where it was not answered. */
  ringback(): void
  /**
   * What the other line hears is sounded here from now on, in place of what sounds; call it on both for a conversation. Keys
   * that are pressed there are pressed here, in the form that was agreed here. It lasts until this line or the other sounds
   * anything else, or is over. A line that cannot be heard yet begins as soon as it can.
   */
  bridge(peer: Line): void
  /**
   * Holds an answered leg, or takes it back: its phone is told by a re-INVITE, its party hears music in place of everything
   * else and is heard by nobody. What sounded waits. Independent of the phone's own hold; harmless when repeated.
   */
  hold(held: boolean): void
  /** Music, or silence, for the far end in place of everything else, which waits (music wins). Harmless when repeated. */
  coverMusic(on: boolean): void
  coverSilence(on: boolean): void
  /** Drops sound by direction, seen from us; `undefined` = none. Keys pass. */
  mute(direction: MuteDirection | undefined): void
  /** Plays parts over everything else, which waits, in place of an announcement before it. Ends with `played`. */
  announce(id: string, parts: readonly PromptPart[]): void
  /**
   * Writes both directions to files (absolute paths), whatever sounds, in place of a recording that runs.
   * `recording_started` and `recording_ended` follow.
   */
  record(recording: RecordingTarget): void
  /** Ends the recording; `recording_ended` comes once its files are closed. */
  stopRecording(): void
  /** Listens whether a person or a machine has answered; `answered_by` follows, unless it is over or unheard before. */
  detect(): void
  /** Joins a program that hears and speaks. `stream_started`, and in any case `stream_ended`, follow. */
  stream(target: StreamTarget): void
  endStream(stream_id: string): void
  /** Stops what sounds. */
  silence(): void
  /** Ends the leg: BYE, or before the answer the status that belongs to the cause, or CANCEL. `ended` follows. */
  hangup(cause: number): void
  /** Refuses a call that was not let in, with exactly this status. */
  refuse(status: number, headers?: HeaderInput): void
}

export interface LineNeeds {
  clock: Clock
  ids: Ids
  log: Log
  media: { open(options: OpenEndpoint): Promise<MediaEndpoint> }
  /** The address for our SDP; by default what the listener advertises. */
  mediaAddress?: (flow: Flow) => string
  /** After how much silence of an answered, unheld phone `media_lost` comes; default 60 000 ms, held 3 600 000 ms. */
  deadMediaMs?: number
}

/** Keys to be pressed for the far end, as parts to play. */
export function digitsPart(digits: string, options: { durationMs: number; gapMs: number }): PromptPart {
  return { digits, ...options }
}
