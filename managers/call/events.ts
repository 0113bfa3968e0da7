import type { NewEvent } from '#platform/events'
import type { Call } from './call.ts'
import { presentCall } from './present.ts'

/** What is announced about calls; all of it is public. */
export const CALL_EVENTS = [
  'call_created',
  'call_updated',
  'call_dialing',
  'call_ringing',
  'call_progressing',
  'call_terminating',
  'call_canceling',
  'call_hangup',
  'call_deleted',
] as const
export type CallEvent = (typeof CALL_EVENTS)[number]

/** The event with the call as it is at this moment. */
export function callEvent(type: CallEvent, call: Call): NewEvent {
  return {
    customer_id: call.customer_id,
    type,
    resource: 'call',
    resource_id: call.id,
    public: true,
    activeflow_id: call.activeflow_id,
    data: presentCall(call),
  }
}
