import type { HangupReason } from './call.ts'
import type { EndAsker } from './call-witness.ts'

/** What came of calling somebody, as whoever called hears it: of a leg, or of a group of them. */
export type AttemptEvent =
  | { type: 'ringing' }
  /** The leg `call_id` brings sound before its answer. */
  | { type: 'early_media'; call_id: string }
  /** Another way to whom is called is tried: what sounded is over. */
  | { type: 'redialled' }
  /** The leg `call_id` is up: whoever hears it takes it (`win`) or ends it. */
  | { type: 'answered'; call_id: string }
  /** Over, answered or not; once, and nothing follows. `cause` is Q.850; 0 where we gave up waiting. */
  | { type: 'ended'; hangup_reason: HangupReason; cause: number }

/** Q.850: somebody else has answered. Phones that know it show no missed call. */
export const ANSWERED_ELSEWHERE = 26

/** Somebody is being called: a leg, or a group that rings until one of its legs answers. */
export interface Attempt {
  readonly id: string
  readonly kind: 'call' | 'groupcall'
  /**
   * Ends it for everyone, with this Q.850 cause where one is given; `ended` follows. Safe to repeat. `by`: who wants it, where
   * that is neither a phone nor a flow; the account of each leg says so.
   */
  hangup(reason: HangupReason, cause?: number, by?: EndAsker): void
  /** Whether it is this leg, or the leg is among it. */
  holds(call_id: string): boolean
  /** Its answer is the one that counts: the flow of the leg begins. */
  win(): void
}
