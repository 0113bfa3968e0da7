import type { Call, CallAction, ConnectOptions, LiveCall, LiveCallInput, RecordingOptions } from '#managers/call'
import type { Address } from '#platform/http'
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

/** A call that we make, and that nobody has answered yet. */
export function dialledCall(id: string, customer_id: string, destination: Address): Call {
  const call = ringingCall(id, customer_id)
  return { ...call, direction: 'outgoing', status: 'dialing', source: call.destination, destination }
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
  /** Whom the flow wants it to be joined with, and what it wants recorded, by key. */
  readonly connects: ({ key: string } & ConnectOptions)[] = []
  readonly recordings: ({ key: string } & RecordingOptions)[] = []
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

  connect(key: string, options: ConnectOptions): void {
    this.connects.push({ key, ...options })
  }

  startRecording(key: string, options: RecordingOptions): void {
    this.recordings.push({ key, ...options })
  }

  stopRecording(key: string): void {
    this.heard.push('recording stopped')
    this.#later({ type: 'recording_stopped', key })
  }

  hangup(reason: string, cause?: number): void {
    if (this.#call.status === 'hangup') return
    this.heard.push(cause === undefined ? `hangup ${reason}` : `hangup ${reason} ${cause}`)
    this.#call = { ...this.#call, status: 'hangup', hangup_by: 'local', hangup_reason: 'normal' }
    this.#later({ type: 'hungup', hangup_by: 'local', hangup_reason: 'normal' })
  }

  detectMachine(key: string, { hangup }: { hangup: boolean }): void {
    const verdict = { status: 'MACHINE', cause: 'long_greeting' } as const
    this.#clock.after(SOUND_MS, () => this.#handler?.({ type: 'machine_detected', key, hangup, ...verdict }))
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

  /** Something else happens on the call. */
  tell(input: LiveCallInput): void {
    this.#handler?.(input)
  }

  /** The last `connect` ends like this. */
  connectEnds(end: Omit<LiveCallInput & { type: 'connect_ended' }, 'type' | 'key'>): void {
    const { key = '' } = this.connects.at(-1) ?? {}
    if (end.outcome === 'talked') this.#call = { ...this.#call, status: 'progressing' }
    this.#handler?.({ type: 'connect_ended', key, ...end })
  }

  /** A recording begins: the one that the flow asked for last, or another one. */
  recordingStarts(id: string, key = this.recordings.at(-1)?.key ?? ''): void {
    const name = `call_${this.id}_2026-01-02T03:04:05Z`
    const what = { reference_type: 'call', reference_id: this.id, format: 'wav', recording_name: name } as const
    const filenames = `${name}_in.wav,${name}_out.wav`
    this.#handler?.({ type: 'recording_started', key, recording: { id, ...what, filenames } })
  }

  /** The callee of a call that we make answers. */
  answered(): void {
    this.#call = { ...this.#call, status: 'progressing' }
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
