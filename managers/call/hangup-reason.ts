import { CAUSE } from '#telecom/line'
import type { CallDirection, CallStatus, HangupBy, HangupReason } from './call.ts'

/** The cause that ends a leg for a requested reason (`calls.md` §3.3). */
const CAUSE_OF_REASON: Record<HangupReason, number> = {
  normal: CAUSE.normal,
  cancel: CAUSE.normal,
  timeout: CAUSE.normal,
  failed: CAUSE.noResponse,
  busy: CAUSE.busy,
  noanswer: CAUSE.noAnswer,
  dialout: CAUSE.noAnswer,
  amd: CAUSE.machine,
}

export function causeOfHangupReason(reason: HangupReason): number {
  return CAUSE_OF_REASON[reason]
}

/** Who ended it: we did, if we had begun to when the leg went. */
export function hangupByOf(last: CallStatus): HangupBy {
  return last === 'terminating' || last === 'canceling' ? 'local' : 'remote'
}

/** The reason on the record, from the direction, the last status and the cause (`calls.md` §3.3). */
export function hangupReasonOf(direction: CallDirection, last: CallStatus, cause: number): HangupReason {
  if (last === 'progressing') return cause === CAUSE.timeout ? 'timeout' : 'normal'
  if (last === 'terminating') return cause === CAUSE.machine ? 'amd' : 'normal'
  if (last === 'hangup') return 'normal'
  if (direction === 'incoming') return last === 'canceling' ? 'normal' : reasonOfUnansweredCaller(cause)
  return last === 'canceling' ? 'cancel' : reasonOfUnansweredCallee(cause)
}

function reasonOfUnansweredCaller(cause: number): HangupReason {
  if (cause === CAUSE.busy) return 'busy'
  return cause === CAUSE.noAnswer ? 'noanswer' : 'normal'
}

function reasonOfUnansweredCallee(cause: number): HangupReason {
  if (cause === CAUSE.noAnswer || cause === CAUSE.rejected) return 'noanswer'
  if (cause === CAUSE.busy) return 'busy'
  if (cause === CAUSE.normal || cause === 26) return 'normal'
  return cause === 0 ? 'dialout' : 'failed'
}
