import type { Call, CallAction, LiveCall, LiveCallInput } from '#managers/call'
import { NIL_UUID } from '#platform/ids'
import type { Clock } from '#platform/time'

/** An incoming call that rings. */
export function ringingCall(id: string, customer_id: string): Call {
  return {
    id,
    customer_id,
    owner_type: '',
    owner_id: NIL_UUID,
    flow_id: NIL_UUID,
    activeflow_id: NIL_UUID,
    type: 'flow',
    master_call_id: NIL_UUID,
    chained_call_ids: [],
    recording_id: NIL_UUID,
    recording_ids: [],
    groupcall_id: NIL_UUID,
    source: { type: 'tel', target: '+4912345' },
    destination: { type: 'tel', target: '+899000000001' },
    status: 'ringing',
    action: { id: NIL_UUID, next_id: NIL_UUID, type: '' },
    metadata: {},
    direction: 'incoming',
    mute_direction: '',
    hangup_by: '',
    hangup_reason: '',
    tm_ringing: null,
    tm_progressing: null,
    tm_hangup: null,
    tm_create: '2026-01-02T03:04:05.000000Z',
    tm_update: null,
    tm_delete: null,
  }
}

/** How long everything that sounds lasts. Milliseconds. */
export const SOUND_MS = 2_000

/** A live call that keeps `LiveCall`'s promises without telephony: sounds last two seconds, the caller is the test. */
export class FakeCall implements LiveCall {
  readonly id: string
  readonly customer_id: string
  /** What the caller heard and saw, in order. */
  readonly heard: string[] = []
  readonly actions: CallAction[] = []
  readonly #clock: Clock
  #call: Call
  #handler: ((input: LiveCallInput) => void) | undefined
  #sounding: ((outcome: 'finished' | 'stopped') => void) | undefined

  constructor(clock: Clock, call: Call) {
    this.#clock = clock
    this.#call = call
    this.id = call.id
    this.customer_id = call.customer_id
  }

  snapshot(): Call {
    return { ...this.#call }
  }

  answer(key: string): void {
    this.heard.push('answered')
    this.#call = { ...this.#call, status: 'progressing' }
    this.#later({ type: 'answered', key })
  }

  say(key: string, text: string): void {
    this.heard.push(`"${text}"`)
    this.#sound(SOUND_MS, (outcome) => ({ type: 'played', key, outcome }))
  }

  play(key: string, sources: readonly string[]): void {
    this.heard.push(...sources)
    this.#sound(SOUND_MS, (outcome) => ({ type: 'played', key, outcome }))
  }

  playPrompt(): void {
    throw new Error('no action plays files of the platform')
  }

  beep(key: string): void {
    this.heard.push('beep')
    this.#sound(SOUND_MS, (outcome) => ({ type: 'played', key, outcome }))
  }

  sendDigits(key: string, digits: string): void {
    this.heard.push(`digits ${digits}`)
    this.#sound(SOUND_MS, (outcome) => ({ type: 'digits_sent', key, outcome }))
  }

  echo(key: string, duration_ms: number): void {
    this.heard.push(`echo ${duration_ms}`)
    this.#sound(duration_ms, (outcome) => ({ type: 'echoed', key, outcome }))
  }

  stopPlaying(): void {
    this.#sounding?.('stopped')
  }

  hangup(reason: string): void {
    if (this.#call.status === 'hangup') return
    this.heard.push(`hangup ${reason}`)
    this.#call = { ...this.#call, status: 'hangup', hangup_by: 'local', hangup_reason: 'normal' }
    this.#later({ type: 'hungup', hangup_by: 'local', hangup_reason: 'normal' })
  }

  setAction(action: CallAction): void {
    this.actions.push(action)
  }

  subscribe(handler: (input: LiveCallInput) => void): () => void {
    this.#handler = handler
    return () => {
      this.#handler = undefined
    }
  }

  /** The caller presses a key. */
  press(digit: string): void {
    this.#handler?.({ type: 'digit', digit, duration_ms: 100, method: 'rfc4733' })
  }

  /** The caller hangs up. */
  leave(): void {
    this.#call = { ...this.#call, status: 'hangup', hangup_by: 'remote', hangup_reason: 'normal' }
    this.#handler?.({ type: 'hungup', hangup_by: 'remote', hangup_reason: 'normal' })
  }

  #sound(lastsMs: number, told: (outcome: 'finished' | 'stopped') => LiveCallInput): void {
    this.#sounding?.('stopped')
    const end = (outcome: 'finished' | 'stopped') => {
      timer.cancel()
      this.#sounding = undefined
      this.#later(told(outcome))
    }
    const timer = this.#clock.after(lastsMs, () => end('finished'))
    this.#sounding = end
  }

  /** In the next turn: never from inside a command. */
  #later(input: LiveCallInput): void {
    this.#clock.after(0, () => this.#handler?.(input))
  }
}
