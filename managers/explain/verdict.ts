import type { EndAsker } from '#managers/call'
import { timestampToMs } from '#platform/time'
import type { LineEvent } from '#telecom/line'
import type { EndpointStatistics } from '#telecom/media'
import { type Blame, VERDICTS, type VerdictReason } from './verdict-table.ts'

/** What a verdict is found from. */
export interface VerdictFacts {
  call: {
    status: string
    direction: 'incoming' | 'outgoing'
    hangup_by?: string
    hangup_reason?: string
    tm_progressing?: string
    tm_hangup?: string
    destination: { type?: string }
  }
  /** How its leg ended, where that was noted. */
  end?: LineEvent & { type: 'ended' }
  asked?: EndAsker
  /** Why nobody could be called for it, the last time: a reason of the catalogue. */
  connect_refused?: string
  /** Its sound was missed when it ended. */
  isSilent: boolean
  statistics?: EndpointStatistics
  /** The execution of its flow, and the type of the action that it was at last. */
  flow?: { ended_reason?: string; last?: string }
  /** The legs that were called for it, the last one last. */
  others: readonly { call_id: string; verdict: Verdict }[]
}

export interface Verdict {
  reason: VerdictReason
  blame: Blame
  /** What happened, and what to do: for people. */
  meaning: string
  fix: string
  /** The other leg whose end was the reason; empty where it was this one's own. */
  because_of_call_id: string
}

/** Answered calls that are shorter may well have no sound. */
const SHORT_MS = 3_000
/** Ends of legs that were called which are the end of the caller, too. */
const PASSED_ON: readonly VerdictReason[] = [
  ...(['hung_up_by_callee', 'callee_busy', 'callee_declined', 'callee_no_answer', 'callee_unreachable'] as const),
  ...(['number_not_found', 'credentials_refused', 'no_common_codec', 'callee_moved', 'callee_failed'] as const),
  ...(['callee_refused', 'phone_lost_call', 'sound_lost'] as const),
]
/** What a carrier says of a telephone number is its own doing. */
const OF_THE_CARRIER: readonly VerdictReason[] = [
  ...(['callee_failed', 'callee_refused', 'credentials_refused', 'callee_unreachable'] as const),
]

/** Why a call ended as it did, whose doing it was and what to do: from what is on record, by the table of verdicts. */
export function verdictOf(facts: VerdictFacts): Verdict {
  const { reason, because_of_call_id = '' } = reasonOf(facts)
  const { blame, meaning, fix } = VERDICTS[reason]
  const isCarriers = facts.call.destination.type === 'tel' && facts.call.direction === 'outgoing'
  return {
    reason,
    blame: isCarriers && OF_THE_CARRIER.includes(reason) ? 'carrier' : blame,
    meaning,
    fix,
    because_of_call_id,
  }
}

interface Found {
  reason: VerdictReason
  because_of_call_id?: string
}

function reasonOf(facts: VerdictFacts): Found {
  const { call } = facts
  if (call.status !== 'hangup') return { reason: 'in_progress' }
  // the clearing up after a crash is the only one that says so
  if (call.hangup_reason === 'failed' && call.hangup_by === 'local') return { reason: 'platform_restarted' }
  if (call.hangup_by === 'local' && facts.asked === 'account_closed') return { reason: 'account_closed' }
  if (call.hangup_by === 'local' && facts.asked === 'platform_stop') return { reason: 'platform_stopped' }
  if (call.tm_progressing !== undefined) return answered(facts)
  return call.direction === 'incoming' ? unansweredCaller(facts) : { reason: unansweredCallee(facts) }
}

function answered(facts: VerdictFacts): Found {
  const { call, end, isSilent } = facts
  if (call.hangup_reason === 'amd') return { reason: 'answering_machine' }
  if (call.hangup_reason === 'timeout') return { reason: isSilent ? 'sound_lost' : 'longest_duration' }
  if (end?.why === 'no_ack') return { reason: 'answer_not_acknowledged' }
  if (end?.why === 'peer_gone') return { reason: 'phone_lost_call' }
  if (end?.why === 'no_media') return { reason: end.cause === NO_CODEC ? 'no_common_codec' : 'sound_failed' }
  const usual = endOfAnswered(facts)
  const isUsual = VERDICTS[usual.reason].blame === 'none'
  return isUsual && heardNothing(facts) ? { reason: 'no_sound_received' } : usual
}

function endOfAnswered(facts: VerdictFacts): Found {
  const { call, asked, flow } = facts
  if (call.hangup_by === 'remote')
    return { reason: call.direction === 'incoming' ? 'hung_up_by_caller' : 'hung_up_by_callee' }
  if (asked === 'api') return { reason: 'ended_by_request' }
  if (asked === 'master') return { reason: 'ended_with_other_leg' }
  if (asked === 'transfer') return { reason: 'ended_by_transfer' }
  if (asked === 'balance_exhausted' || asked === 'billing_unavailable') return { reason: asked }
  if (asked === 'spending_limit') return { reason: 'spending_limit_reached' }
  const failure = refusedConnect(facts) ?? flowFailure(flow)
  if (failure) return { reason: failure }
  return passedOn(facts) ?? { reason: flow ? 'ended_by_flow' : 'ended_with_other_leg' }
}

function unansweredCaller(facts: VerdictFacts): Found {
  const { call, asked, end, flow } = facts
  if (call.hangup_by === 'remote') {
    if (end?.why === 'no_ack') return { reason: 'answer_not_acknowledged' }
    return { reason: 'canceled_by_caller' }
  }
  if (end?.why === 'no_ack') return { reason: 'answer_not_acknowledged' }
  if (asked === 'api') return { reason: 'ended_by_request' }
  if (asked === 'master') return { reason: 'ended_with_other_leg' }
  const refused = refusedConnect(facts)
  if (refused) return { reason: refused }
  const passed = passedOn(facts) ?? refusedByUs(end?.cause)
  if (passed) return passed
  // the members of a group are not chained to the caller: what it was told is what they said
  const told = flow?.last === 'connect' && end ? ofCause(end.cause) : undefined
  if (told) return { reason: told }
  const reason = flowFailure(flow) ?? (flow?.last === 'hangup' ? 'rejected_by_flow' : undefined)
  return { reason: reason ?? (flow ? 'flow_ended_unanswered' : 'unexplained') }
}

function unansweredCallee({ call, asked, end, flow }: VerdictFacts): VerdictReason {
  if (call.hangup_by === 'local') {
    if (end?.cause === ELSEWHERE) return 'answered_elsewhere'
    if (asked === 'api') return 'ended_by_request'
    return flowFailure(flow) ?? 'canceled_before_answer'
  }
  if (call.hangup_reason === 'dialout') return 'callee_no_answer'
  if (end?.why === 'no_response' || end?.why === 'unreachable') return 'callee_unreachable'
  if (end?.why === 'no_media') return 'no_common_codec'
  if (end?.why === 'refused') return ofStatus(end.status ?? 0) ?? ofCause(end.cause) ?? 'callee_refused'
  return REASON_OF_HANGUP[call.hangup_reason ?? ''] ?? 'unexplained'
}

/** Q.850, and one of ours (`ANSWERED_ELSEWHERE` of the call engine). */
const NO_CODEC = 58
const ELSEWHERE = 26

const REASON_OF_HANGUP: Readonly<Record<string, VerdictReason>> = {
  busy: 'callee_busy',
  noanswer: 'callee_no_answer',
  failed: 'callee_failed',
  cancel: 'canceled_before_answer',
}

/** What a final response says by itself; `undefined` where its Reason header, or the cause that stands for it, says more. */
function ofStatus(status: number): VerdictReason | undefined {
  if (status >= 300 && status < 400) return 'callee_moved'
  switch (status) {
    case 486:
    case 600:
      return 'callee_busy'
    case 403:
    case 603:
    case 607:
    case 608:
      return 'callee_declined'
    case 401:
    case 407:
      return 'credentials_refused'
    case 404:
    case 410:
    case 484:
    case 485:
    case 604:
      return 'number_not_found'
    case 415:
    case 488:
    case 606:
      return 'no_common_codec'
    default:
      return undefined
  }
}

/** What a Q.850 cause says of somebody who was called. */
function ofCause(cause: number): VerdictReason | undefined {
  switch (cause) {
    case 1:
    case 22:
    case 28:
      return 'number_not_found'
    case 17:
      return 'callee_busy'
    case 18:
    case 19:
    case 20:
      return 'callee_no_answer'
    case 21:
      return 'callee_declined'
    case NO_CODEC:
      return 'no_common_codec'
    case 27:
    case 29:
    case 34:
    case 38:
    case 41:
    case 42:
    case 102:
      return 'callee_failed'
    default:
      return undefined
  }
}

/** Nobody was called, and the caller was told why (`causeOfRefusal` of the call engine). */
function refusedByUs(cause: number | undefined): Found | undefined {
  switch (cause) {
    case 1:
    case 28:
      return { reason: 'number_not_found' }
    case 3:
      return { reason: 'no_route' }
    case 20:
      return { reason: 'callee_not_registered' }
    case 21:
      return { reason: 'destination_not_allowed' }
    default:
      return undefined
  }
}

/** Why nobody could be called, where the call ended with that and the reason says more than a cause can. */
function refusedConnect({ connect_refused, flow }: VerdictFacts): VerdictReason | undefined {
  return flow?.last === 'connect' ? REASON_OF_REFUSAL[connect_refused ?? ''] : undefined
}

const REASON_OF_REFUSAL: Readonly<Record<string, VerdictReason>> = {
  INSUFFICIENT_BALANCE: 'insufficient_balance',
  ACCOUNT_SUSPENDED: 'account_suspended',
  SPENDING_LIMIT_REACHED: 'spending_limit_refused',
  SPENDING_NOT_ALLOWED: 'spending_not_allowed',
  IDENTITY_VERIFICATION_REQUIRED: 'identity_not_verified',
  SOURCE_NOT_ALLOWED: 'source_not_allowed',
  DESTINATION_NOT_ALLOWED: 'destination_not_allowed',
}

/** What became of the last one who was called is what became of the caller. */
function passedOn({ others }: VerdictFacts): Found | undefined {
  const last = others.findLast(({ verdict }) => PASSED_ON.includes(verdict.reason))
  return last && { reason: last.verdict.reason, because_of_call_id: last.call_id }
}

function flowFailure(flow: VerdictFacts['flow']): VerdictReason | undefined {
  if (flow?.ended_reason === 'action_failed' || flow?.ended_reason === 'flow_not_found') return 'flow_failed'
  if (flow?.ended_reason === 'step_limit' || flow?.ended_reason === 'stack_limit') return 'flow_limit'
  return undefined
}

/** It was answered for some seconds, and the phone sent nothing that was sound. */
function heardNothing({ call, statistics }: VerdictFacts): boolean {
  const [from, to] = [call.tm_progressing, call.tm_hangup].map((moment) => timestampToMs(moment ?? ''))
  const isLong = from !== undefined && to !== undefined && to - from >= SHORT_MS
  return isLong && statistics?.received.packets === 0
}
