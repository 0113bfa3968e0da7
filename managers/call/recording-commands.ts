import { billingErrors } from '#managers/billing/errors'
import { apiErrors } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import type { Call } from './call.ts'
import { callErrors } from './errors.ts'
import type { LiveCallInput, RecordingOptions } from './live-call.ts'
import type { LiveRunner } from './live-runner.ts'
import { RECORDING_FORMATS } from './recording.ts'
import type { RecordingRefusal } from './recording-machine.ts'

interface ToCall {
  /** Chosen by who asks. */
  id: string
  customer_id: string
  call_id: string
}

/**
 * What the API asks of a live call about its recordings. `recording_start` answers when it has begun and `recording_stop`
 * when it has begun to end, `recording_end` when this recording is over; all of them with what they changed on disk.
 */
export type RecordingCommand =
  | (ToCall & { type: 'recording_start'; options: RecordingOptions })
  | (ToCall & { type: 'recording_stop' })
  | (ToCall & { type: 'recording_end'; recording_id: string })

/** The call as it is then, or none of this customer lives here. */
export type RecordingAnswer = { live: true; call: Call } | { live: false }

const KEYS: readonly unknown[] = ['', 'none', 'any', '*', '#'] satisfies RecordingOptions['end_of_key'][]

/** Reads a command from the bus; `undefined` where it is another one. */
export function readRecordingCommand(body: unknown): RecordingCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, customer_id, call_id, recording_id, options } = body as Record<string, unknown>
  if (typeof id !== 'string' || typeof customer_id !== 'string') return undefined
  if (typeof call_id !== 'string' || !isUuid(call_id)) return undefined
  const to = { id, customer_id, call_id }
  switch (type) {
    case 'recording_start':
      return isOptions(options) ? { ...to, type, options } : undefined
    case 'recording_stop':
      return { ...to, type }
    case 'recording_end':
      return typeof recording_id === 'string' ? { ...to, type, recording_id } : undefined
    default:
      return undefined
  }
}

/** Carries a command out on the call that it is for. Throws the reason of what is refused. */
export async function carryOutRecording(live: LiveRunner, command: RecordingCommand): Promise<RecordingAnswer> {
  switch (command.type) {
    case 'recording_start':
      if (live.snapshot().status === 'hangup') throw hungUp(live)
      await started(live, command.id, command.options)
      await live.written
      break
    case 'recording_stop':
      if (live.snapshot().recording_id === NIL_UUID) throw callErrors.RECORDING_NOT_ACTIVE()
      live.stopRecording(command.id)
      await live.written
      break
    case 'recording_end':
      if (live.snapshot().recording_id === command.recording_id) live.stopRecording(command.id)
      await new Promise<void>((resolve) => live.whenRecordingStored(command.recording_id, resolve))
  }
  return { live: true, call: live.snapshot() }
}

/** Resolves when the recording that was asked for under this key has begun. */
function started(live: LiveRunner, key: string, options: RecordingOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (input: LiveCallInput) => {
      if (!('key' in input) || input.key !== key) return
      if (input.type === 'recording_started') resolve()
      else if (input.type === 'recording_refused')
        reject(live.whyNotRecorded(key) ?? reasonOf(live, input.reason as RecordingRefusal))
      else return
      end()
    }
    const end = live.subscribe(hear)
    live.startRecording(key, options)
  })
}

function reasonOf(live: LiveRunner, refusal: RecordingRefusal) {
  const call = live.snapshot()
  switch (refusal) {
    case 'already_active':
      return callErrors.RECORDING_ALREADY_ACTIVE({ recording_id: call.recording_ids.at(-1) ?? NIL_UUID })
    case 'call_state_invalid':
      if (call.status === 'hangup') return hungUp(live)
      return callErrors.CALL_STATE_INVALID({ call_id: call.id, status: call.status })
    case 'insufficient_balance':
      return callErrors.INSUFFICIENT_BALANCE()
    case 'account_suspended':
      return billingErrors.ACCOUNT_SUSPENDED()
    case 'spending_limit_reached': // its reason says which; it was told before
    case 'storage_full': // since the API looked; who asks again is told how full
    case 'unavailable':
      return apiErrors.SERVICE_UNAVAILABLE()
  }
}

function hungUp(live: LiveRunner) {
  const { id: call_id, tm_hangup } = live.snapshot()
  return callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup })
}

function isOptions(value: unknown): value is RecordingOptions {
  if (typeof value !== 'object' || value === null) return false
  const { format, end_of_silence, end_of_key, duration, beep_start, on_end_flow_id } = value as Record<string, unknown>
  return (
    RECORDING_FORMATS.some((each) => each === format) &&
    typeof end_of_silence === 'number' &&
    typeof duration === 'number' &&
    KEYS.includes(end_of_key) &&
    typeof beep_start === 'boolean' &&
    typeof on_end_flow_id === 'string' &&
    isUuid(on_end_flow_id)
  )
}
