import { isUuid } from '#platform/ids'
import type { Groupcall, GroupRingMethod } from './groupcall.ts'
import type { PlaceCallsRequest } from './place-calls.ts'

/** Where the `call` role takes commands for groupcalls. */
export const GROUPCALL_COMMANDS = 'groupcall.command'

/** A groupcall that is to be made: whoever answers first runs the flow. */
export type PlaceGroupcallRequest = Omit<PlaceCallsRequest, 'early_execution' | 'master_call_id'> & {
  ring_method: GroupRingMethod
}

/**
 * What the API asks of groupcalls: at most once, safe to repeat. `place` answers when it is on record and its members are
 * called, `hangup` when it has begun to end, `end` when it is over and its row is on disk.
 */
export type GroupcallCommand =
  /** `id` is chosen by who asks: the key of the request. */
  | { id: string; type: 'place'; request: PlaceGroupcallRequest }
  | { id: string; type: 'hangup' | 'end'; customer_id: string; groupcall_id: string }

/** The groupcall as it is then, and whether it was over before; or none of this customer lives here. */
export type GroupcallCommandAnswer = { live: true; groupcall: Groupcall; wasOver: boolean } | { live: false }

/** Reads a command from the bus; `undefined` where it is none. */
export function readGroupcallCommand(body: unknown): GroupcallCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, request, customer_id, groupcall_id } = body as Record<string, unknown>
  if (typeof id !== 'string') return undefined
  if (type === 'place')
    return typeof request === 'object' ? { id, type, request: request as PlaceGroupcallRequest } : undefined
  if (type !== 'hangup' && type !== 'end') return undefined
  if (typeof customer_id !== 'string' || typeof groupcall_id !== 'string' || !isUuid(groupcall_id)) return undefined
  return { id, type, customer_id, groupcall_id }
}
