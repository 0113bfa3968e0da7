import { isUuid } from '#platform/ids'
import { type Call, HANGUP_REASONS, type HangupReason } from './call.ts'

/** Where the `call` role takes commands for live calls. */
export const CALL_COMMANDS = 'call.command'

/**
 * What the API asks of a live call: at most once, safe to repeat. `hangup` answers when the call has begun to end,
 * `end` when it is over and its row is on disk.
 */
export interface CallCommand {
  /** Chosen by who asks. */
  id: string
  type: 'hangup' | 'end'
  customer_id: string
  call_id: string
  reason: HangupReason
}

/**
 * The call as it is now, and whether it was over before the command came; or none of this customer lives here (a foreign
 * one looks exactly like none).
 */
export type CallCommandAnswer = { live: true; call: Call; wasOver: boolean } | { live: false }

/** Reads a command from the bus; `undefined` where it is none. */
export function readCallCommand(body: unknown): CallCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, customer_id, call_id, reason } = body as Partial<Record<keyof CallCommand, unknown>>
  if (typeof id !== 'string' || typeof customer_id !== 'string' || typeof call_id !== 'string') return undefined
  if (type !== 'hangup' && type !== 'end') return undefined
  const known = HANGUP_REASONS.find((each) => each === reason)
  return known && isUuid(call_id) ? { id, type, customer_id, call_id, reason: known } : undefined
}
