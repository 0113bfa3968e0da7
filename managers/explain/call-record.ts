import type { EndAsker, MatchedRule } from '#managers/call'
import type { LineEvent } from '#telecom/line'
import type { MediaEvent } from '#telecom/media'
import type { TransportName } from '#telecom/sip'
import type { NotCaptured } from './capture-budget.ts'

/** A SIP message as it was on the wire. Octets are characters (latin1), secrets are asterisks of the same number. */
export interface RecordedMessage {
  /** Milliseconds since 1970, with a fraction. */
  at: number
  direction: 'in' | 'out'
  transport: TransportName
  local: { address: string; port: number }
  remote: { address: string; port: number }
  text: string
  /** It is the same as an earlier one, which was sent again. */
  again?: true
  /** Octets at its end that were not kept. */
  cut?: number
}

/** What happened on the way of a call beside its messages, in the words of who told it. */
export type RecordedFact = { at: number } & (
  | { kind: 'line'; event: WitnessedLineEvent; codec?: string }
  | { kind: 'media'; event: WitnessedMediaEvent }
  | { kind: 'end_asked'; by: EndAsker }
  | { kind: 'connect_refused'; reason: string }
  | { kind: 'redialled' }
  | { kind: 'not_captured'; why: NotCaptured }
)

/** What of a line is kept; the rest is told by the call's row or by its flow. */
export type WitnessedLineEvent = Extract<
  LineEvent,
  { type: 'ringing' | 'early_media' | 'answered' | 'digit' | 'held' | 'resumed' | 'ended' }
>
export const LINE_EVENTS: ReadonlySet<string> = new Set<WitnessedLineEvent['type']>([
  ...(['ringing', 'early_media', 'answered', 'digit', 'held', 'resumed', 'ended'] as const),
])

/** What of its sound is kept; keys are told by the line, once. */
export type WitnessedMediaEvent = Extract<
  MediaEvent,
  {
    type:
      | ('media_sending' | 'media_started' | 'media_moved' | 'media_lost' | 'media_resumed')
      | ('statistics' | 'restarted' | 'failed')
  }
>
export const MEDIA_EVENTS: ReadonlySet<string> = new Set<WitnessedMediaEvent['type']>([
  ...(['media_sending', 'media_started', 'media_moved', 'media_lost', 'media_resumed'] as const),
  ...(['statistics', 'restarted', 'failed'] as const),
])

/** What is kept of one call, written as one row when it is over. */
export interface CallRecord {
  call_id: string
  customer_id: string
  rule: MatchedRule | null
  messages: RecordedMessage[]
  /** Messages and facts that found no place. */
  dropped: { messages: number; facts: number }
  facts: RecordedFact[]
  /** Below the folder of captures; empty = its sound was not captured. */
  capture: string
}
