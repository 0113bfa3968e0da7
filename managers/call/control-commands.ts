import { apiErrors } from '#platform/http'
import { isUuid } from '#platform/ids'
import type { Control, ControlRefusal } from './control.ts'
import { callErrors } from './errors.ts'
import type { LiveRunner } from './live-runner.ts'
import { MOST_STREAMS } from './stream-machine.ts'

/** What the API asks of a live call beside its flow: at most once, safe to repeat. */
export interface ControlCommand {
  /** Chosen by who asks. */
  id: string
  type: 'control'
  customer_id: string
  call_id: string
  control: Control
}

/** It was done, or none of this customer lives here. A refusal is thrown. */
export type ControlAnswer = { live: boolean }

/** Reads a command from the bus; `undefined` where it is another one. */
export function readControlCommand(body: unknown): ControlCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, customer_id, call_id, control } = body as Record<string, unknown>
  if (typeof id !== 'string' || type !== 'control' || typeof customer_id !== 'string') return undefined
  if (typeof call_id !== 'string' || !isUuid(call_id)) return undefined
  return isControl(control) ? { id, type, customer_id, call_id, control } : undefined
}

/** Does it; what the call's record shows of it is on disk then. Throws the reason of what is refused. */
export async function carryOutControl(live: LiveRunner, key: string, control: Control): Promise<ControlAnswer> {
  const refusal = await live.control(key, control)
  if (refusal) throw reasonOf(live, refusal)
  if (control.type === 'mute') await live.written
  return { live: true }
}

/** The reason of a refusal. */
export function reasonOf(live: LiveRunner, refusal: ControlRefusal) {
  const { id: call_id, tm_hangup } = live.snapshot()
  switch (refusal.why) {
    case 'over':
      return callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup })
    case 'state':
      return callErrors.CALL_STATE_INVALID({ call_id, status: refusal.status })
    case 'text':
      return apiErrors.INVALID_ARGUMENT({ field: 'text', issue: 'has nothing that can be spoken, or too much' })
    case 'too_many_streams':
      return apiErrors.STATE_INVALID({ issue: `At most ${MOST_STREAMS} streams of a call are open at the same time.` })
    case 'no_speech':
    case 'no_program':
      return apiErrors.SERVICE_UNAVAILABLE({})
  }
}

function isControl(value: unknown): value is Control {
  if (typeof value !== 'object' || value === null) return false
  const { type, on, direction, text, voice } = value as Record<string, unknown>
  switch (type) {
    case 'hold':
    case 'moh':
    case 'silence':
      return typeof on === 'boolean'
    case 'mute':
      return typeof on === 'boolean' && (direction === 'in' || direction === 'out' || direction === 'both')
    case 'talk':
      return typeof text === 'string' && typeof voice === 'object' && voice !== null
    default:
      return false
  }
}
