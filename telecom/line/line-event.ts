import type { MachineVerdict, StreamIssue } from '#telecom/media'
import type { DialogState } from '#telecom/sip'

/** How a key press came to us. */
export type DigitMethod = 'rfc4733' | 'info' | 'inband'

/** Why a leg is gone. */
export type LineEnd =
  /** BYE. */
  | 'bye'
  /** Whoever called gave up before the answer. */
  | 'cancelled'
  /** We refused the call before the answer. */
  | 'rejected'
  /** The other side refused our call: a final response of 300 to 699 came. */
  | 'refused'
  /** Nothing was heard within 6 s, or nothing final within the time of the transaction. */
  | 'no_response'
  /** The transport to the other side failed, or its answer could not be used. */
  | 'unreachable'
  /** The ACK of our 200 never came. */
  | 'no_ack'
  /** The phone does not know the call any more (481, 408). */
  | 'peer_gone'
  /** There is no way to sound any more: its ports are lost, or the phone's answer was of no use. */
  | 'no_media'

/** What a line tells its owner, in order. It may come during a call of the owner's, who queues it then. */
export type LineEvent =
  /** The other side rings (or says anything else between 180 and 199) without sound; once. */
  | { type: 'ringing' }
  /** Its sound flows before the answer; once. Implies `ringing`. */
  | { type: 'early_media' }
  /** Our 200 has left, or that of the other side came. */
  | { type: 'answered' }
  /** The ACK of our 200 came. */
  | { type: 'acked' }
  /** A key was pressed, once per press however often the phone says so. */
  | { type: 'digit'; digit: string; durationMs: number; method: DigitMethod }
  /** What `detect` found out. */
  | ({ type: 'answered_by' } & MachineVerdict)
  /** A prompt has ended; exactly one for each `play`. `finished` = heard to the end, parts that could not be read left out. */
  | { type: 'played'; id: string; outcome: 'finished' | 'stopped' | 'failed'; issue?: string }
  /** The far end put us on hold, and took us back. */
  | { type: 'held' }
  | { type: 'resumed' }
  /** Nothing was heard for too long, and something again. */
  | { type: 'media_lost'; silentMs: number }
  | { type: 'media_resumed' }
  | { type: 'recording_started'; recording_id: string }
  /** Exactly one for each `record`; that of a leg which is gone may come after `ended`. */
  | { type: 'recording_ended'; recording_id: string; duration_ms: number; complete: boolean; issue?: string }
  /** A program is there, or gone; the latter exactly once for each `stream` while the leg lasts. */
  | { type: 'stream_started'; stream_id: string }
  | { type: 'stream_ended'; stream_id: string; dropped: number; issue?: StreamIssue }
  /** The dialog's identity moved (CSeq, remote target): what is kept for ending it after a crash is out of date. */
  | { type: 'dialog_changed'; dialog: DialogState }
  /**
   * The leg is gone; nothing follows but the end of a recording. `cause` is Q.850, or one of ours above 127; `status` is the
   * final response that refused our call.
   */
  | { type: 'ended'; by: 'remote' | 'local'; cause: number; why: LineEnd; status?: number }
