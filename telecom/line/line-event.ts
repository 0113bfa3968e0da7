import type { DialogState } from '#telecom/sip'

/** How a key press came to us. */
export type DigitMethod = 'rfc4733' | 'info' | 'inband'

/** Why a leg is gone. */
export type LineEnd =
  /** BYE. */
  | 'bye'
  /** The caller gave up before the answer. */
  | 'cancelled'
  /** We refused the call before the answer. */
  | 'rejected'
  /** The ACK of our 200 never came. */
  | 'no_ack'
  /** The phone does not know the call any more (481, 408). */
  | 'peer_gone'
  /** The far end refused: a final response of 300 or above came. */
  | 'refused'
  /** The far end said nothing: no provisional response within 6 s, or no final one in time. */
  | 'no_response'
  /** The INVITE could not be sent: the flow is dead, or the address cannot be reached. */
  | 'unreachable'
  /** There is no way to sound any more: its ports are lost, or the phone's answer was of no use. */
  | 'no_media'

/** What a line tells its owner, in order. It may come during a call of the owner's, who queues it then. */
export type LineEvent =
  /** A call of ours rings: the first 180 to 199 without usable SDP, once. */
  | { type: 'ringing' }
  /** A call of ours: an 18x brought SDP, sound flows; once (implies ringing). */
  | { type: 'early_media' }
  /** Our 200 has left, or the 200 to a call of ours has come. */
  | { type: 'answered' }
  /** The ACK of our 200 came. */
  | { type: 'acked' }
  /** A key was pressed, once per press however often the phone says so. */
  | { type: 'digit'; digit: string; durationMs: number; method: DigitMethod }
  /** A prompt has ended; exactly one for each `play`. `finished` = heard to the end, parts that could not be read left out. */
  | { type: 'played'; id: string; outcome: 'finished' | 'stopped' | 'failed'; issue?: string }
  /** The far end put us on hold, and took us back. */
  | { type: 'held' }
  | { type: 'resumed' }
  /** Nothing was heard for too long, and something again. */
  | { type: 'media_lost'; silentMs: number }
  | { type: 'media_resumed' }
  /** A recording has begun; one that could not has its end only. */
  | { type: 'recording_started'; recording_id: string }
  /**
   * Its files are closed, exactly once for each recording: it was stopped, silence went on for too long, the disk failed
   * (`issue`), or the leg is gone; then it may follow `ended`.
   */
  | { type: 'recording_ended'; recording_id: string; duration_ms: number; complete: boolean; issue?: string }
  /** The dialog's identity moved (CSeq, remote target): what is kept for ending it after a crash is out of date. */
  | { type: 'dialog_changed'; dialog: DialogState }
  /** The leg is gone; nothing but the end of a recording follows. `cause` is Q.850, or one of ours above 127. */
  | { type: 'ended'; by: 'remote' | 'local'; cause: number; why: LineEnd; status?: number }
