import type { Address } from '#platform/http'
import type { Timestamp } from '#platform/time'

/** The states of a call (`calls.md` §3.2); `hangup` is final. */
export const CALL_STATUSES = ['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup'] as const
export type CallStatus = (typeof CALL_STATUSES)[number]

export type CallDirection = 'incoming' | 'outgoing'

export const HANGUP_BYS = ['', 'remote', 'local'] as const
export type HangupBy = Exclude<(typeof HANGUP_BYS)[number], ''>

export const HANGUP_REASONS = ['normal', 'failed', 'busy', 'cancel', 'timeout', 'noanswer', 'dialout', 'amd'] as const
export type HangupReason = (typeof HANGUP_REASONS)[number]

export type MuteDirection = '' | 'in' | 'out' | 'both'

/** What the flow does on the call at the moment. */
export interface CallAction {
  id: string
  next_id: string
  type: string
  option?: object
  tm_execute?: Timestamp
}

/** Facts that operators and numbers put on a call; customers read them only. */
export interface CallMetadata {
  rtp_debug?: boolean
  codecs?: string
  route_provider_ids?: string[]
  skip_source_validation?: boolean
}

/** A call: the record is the column, the type and the JSON (the presenter leaves out what is empty, rule A). */
export interface Call {
  id: string
  customer_id: string
  owner_type: '' | 'agent'
  owner_id: string
  flow_id: string
  activeflow_id: string
  type: '' | 'flow' | 'conference' | 'sip-service'
  master_call_id: string
  chained_call_ids: string[]
  recording_id: string
  recording_ids: string[]
  groupcall_id: string
  source: Address
  destination: Address
  status: CallStatus
  action: CallAction
  metadata: CallMetadata
  direction: CallDirection
  mute_direction: MuteDirection
  hangup_by: HangupBy | ''
  hangup_reason: HangupReason | ''
  tm_ringing: Timestamp | null
  tm_progressing: Timestamp | null
  tm_hangup: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The steps between the states; a step that is not in the table cannot be taken. */
export const next: Record<CallStatus, readonly CallStatus[]> = {
  dialing: ['ringing', 'progressing', 'canceling', 'terminating', 'hangup'],
  ringing: ['progressing', 'canceling', 'terminating', 'hangup'],
  progressing: ['terminating', 'hangup'],
  canceling: ['hangup'],
  terminating: ['hangup'],
  hangup: [],
}

/** Whether the call may go to this state now. */
export function mayBecome(call: Pick<Call, 'status'>, status: CallStatus): boolean {
  return next[call.status].includes(status)
}

/** The state of a call whose end we ask for: our own unanswered leg is canceled, everything else terminated. */
export function endingOf(call: Pick<Call, 'status' | 'direction'>): 'canceling' | 'terminating' {
  const unanswered = call.status === 'dialing' || call.status === 'ringing'
  return call.direction === 'outgoing' && unanswered ? 'canceling' : 'terminating'
}

/** Whether the call is asked to end, or over. */
export function isEnding(call: Pick<Call, 'status'>): boolean {
  return call.status === 'canceling' || call.status === 'terminating' || call.status === 'hangup'
}
