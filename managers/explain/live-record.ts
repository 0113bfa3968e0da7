import type { MatchedRule } from '#managers/call'
import type { Timestamp } from '#platform/time'
import type { CaptureTarget } from '#telecom/media'
import type { CallRecord, RecordedFact } from './call-record.ts'
import type { MessageRing } from './message-ring.ts'

/** Facts of one call that are kept. */
const MOST_FACTS = 200

/** What is being noted of one call that lives, or has just ended. */
export class LiveRecord {
  readonly call_id: string
  readonly customer_id: string
  readonly tm_create: Timestamp
  readonly ring: MessageRing
  readonly #rule: MatchedRule | null
  readonly #facts: RecordedFact[] = []
  #factsDropped = 0
  /** Where its sound is captured, whichever line it takes. */
  capture: { name: string; target: CaptureTarget } | undefined
  /** Under which its messages and its sound are told. */
  readonly names: string[] = []
  readonly lines: string[] = []
  /** When it ended, on the monotonic clock; `undefined` while it lives. */
  overMs: number | undefined
  writtenMs: number
  /** Something was noted since it was written. */
  isNew = true

  constructor(
    call: { id: string; customer_id: string; tm_create: Timestamp },
    parts: { rule: MatchedRule | null; ring: MessageRing; nowMs: number },
  ) {
    this.call_id = call.id
    this.customer_id = call.customer_id
    this.tm_create = call.tm_create
    this.#rule = parts.rule
    this.ring = parts.ring
    this.writtenMs = parts.nowMs
  }

  note(fact: RecordedFact): void {
    this.isNew = true
    // the last words, how it ended and the figures of its sound, always find a place
    const isLast = (fact.kind === 'line' && fact.event.type === 'ended') || isStatistics(fact)
    if (this.#facts.length < MOST_FACTS || isLast) this.#facts.push(fact)
    else this.#factsDropped++
  }

  /** As far as it has come, without secrets: what may leave the memory of the call role. */
  snapshot(): CallRecord {
    return {
      call_id: this.call_id,
      customer_id: this.customer_id,
      rule: this.#rule,
      messages: this.ring.messages,
      dropped: { messages: this.ring.dropped, facts: this.#factsDropped },
      facts: [...this.#facts],
      capture: this.capture?.name ?? '',
    }
  }
}

function isStatistics(fact: RecordedFact): boolean {
  return fact.kind === 'media' && fact.event.type === 'statistics'
}
