import type { Clock } from '#platform/time'
import { timestamp } from '#platform/time'
import type { LineEvent } from '#telecom/line'
import type { CallRecord } from './call-record.ts'

/** A call that is up, as the carrier holds it. */
export interface CarrierCall {
  readonly record: CallRecord
  /** Ends it, whatever it is doing. */
  hangUp(cause: number): void
}

/** Writes what a line tells into the record of its call. */
export function note(record: CallRecord, event: LineEvent, clock: Clock): void {
  if (event.type === 'ringing' || event.type === 'early_media') record.state = 'ringing'
  if (event.type === 'answered') {
    record.state = 'answered'
    record.tm_answer = timestamp(clock.wallMs())
  }
  if (event.type === 'digit') record.digits += event.digit
  if (event.type === 'ended') {
    const { by, why, cause, status } = event
    record.state = 'ended'
    // of a call that the carrier refused, `statuses` has the last word
    record.end = {
      ...{ by, why },
      ...(why === 'rejected' ? {} : { cause }),
      ...(status === undefined ? {} : { status }),
    }
    record.tm_end = timestamp(clock.wallMs())
  }
}
