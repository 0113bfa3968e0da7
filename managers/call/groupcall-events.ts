import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Groupcall } from './groupcall.ts'
import { presentGroupcall } from './present-groupcall.ts'

/** What is announced about groupcalls; all of it is public. */
export const GROUPCALL_EVENTS = [
  'groupcall_created',
  'groupcall_progressing',
  'groupcall_hangup',
  'groupcall_deleted',
] as const
export type GroupcallEvent = (typeof GROUPCALL_EVENTS)[number]

/** The event with the groupcall as it is at this moment. */
export function groupcallEvent(type: GroupcallEvent, groupcall: Groupcall): NewEvent {
  return {
    customer_id: groupcall.customer_id,
    type,
    resource: 'groupcall',
    resource_id: groupcall.id,
    public: true,
    activeflow_id: NIL_UUID,
    data: presentGroupcall(groupcall),
  }
}
