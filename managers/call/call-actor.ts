import type { Ids } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import { CAUSE, type LineEvent } from '#telecom/line'
import type { PromptPart } from '#telecom/media'
import { type Call, type CallAction, endingOf, type HangupReason, isEnding, mayBecome } from './call.ts'
import type { CallEvent } from './events.ts'
import { causeOfHangupReason, hangupByOf, hangupReasonOf } from './hangup-reason.ts'
import type { LiveCallInput, PlayOutcome, SayOptions } from './live-call.ts'

/** What a live call is given, one at a time. */
export type CallInput =
  | { type: 'line'; event: LineEvent }
  /** The row with the dialog's identity is on disk. */
  | { type: 'stored' }
  | { type: 'answer'; key: string }
  | { type: 'say'; key: string; text: string; voice: SayOptions }
  | { type: 'play'; key: string; urls: readonly string[] }
  | { type: 'prompt'; key: string; files: readonly string[] }
  | { type: 'beep'; key: string }
  | { type: 'digits'; key: string; digits: string; duration_ms: number; interval_ms: number }
  | { type: 'echo'; key: string; duration_ms: number }
  | { type: 'stop_playing' }
  | { type: 'hangup'; reason: HangupReason; cause?: number }
  | { type: 'action'; action: CallAction }
  | { type: 'sound_ready'; sound: string; parts: readonly PromptPart[] }
  | { type: 'sound_failed'; sound: string; issue: string }
  | { type: 'timer'; timer: CallTimer }

/** `max_duration` ends the call; `sound` ends an echo, or the waiting for speech and files. */
export type CallTimer = 'max_duration' | 'sound'

/** What a live call wants done. The runner does it; what comes of it comes back as an input. */
export type CallEffect =
  | { do: 'ring' }
  | { do: 'answer' }
  | { do: 'play'; sound: string; parts: readonly PromptPart[] }
  | { do: 'echo' }
  | { do: 'silence' }
  | { do: 'hangup'; cause: number }
  | { do: 'render'; sound: string; text: string; voice: SayOptions }
  | { do: 'fetch'; sound: string; urls: readonly string[] }
  | { do: 'abort'; sound: string }
  /** Row and events in one write. */
  | { do: 'save'; call: Call; events: readonly CallEvent[] }
  | { do: 'tell'; input: LiveCallInput }
  | { do: 'start'; timer: CallTimer; ms: number }
  | { do: 'stop'; timer: CallTimer }
  /** The call is over: nothing follows. */
  | { do: 'release' }

export interface CallLimits {
  /** From the start of the leg, milliseconds. */
  maxDurationMs: number
  /** How long speech may take to be made. */
  renderMs: number
  /** How long files may take to be fetched. */
  fetchMs: number
}

export const DEFAULT_CALL_LIMITS: CallLimits = { maxDurationMs: 3_600_000, renderMs: 10_000, fetchMs: 30_000 }

type SoundKind = 'played' | 'digits_sent' | 'echoed'
interface Sound {
  id: string
  key: string
  kind: SoundKind
  stage: 'preparing' | 'sounding'
}

const BEEP: PromptPart = { tone: { hz: [1_000], durationMs: 500 } }
const DIGITS = /^[0-9A-D*#]{1,100}$/
/** Effect keys that are remembered; a flow takes about a hundred steps between two moments of waiting. */
const KEYS_KEPT = 512

/**
 * One live call: its record and what is going on. Synchronous, one input at a time, no I/O of its own: from where it is
 * and what just happened it says what is to be done. It alone changes its call.
 */
export class CallActor {
  readonly #ids: Pick<Ids, 'uuid'>
  readonly #limits: CallLimits
  readonly #now: () => Timestamp
  #call: Call
  #stored = false
  #answering: string[] = []
  /** The leg is being ended without passing `terminating`: the longest duration is over, or nothing is heard. */
  #cut = false
  #sound: Sound | undefined
  readonly #outcomes = new Map<string, LiveCallInput | 'running'>()

  constructor(call: Call, needs: { ids: Pick<Ids, 'uuid'>; now: () => Timestamp; limits?: Partial<CallLimits> }) {
    this.#call = call
    this.#ids = needs.ids
    this.#now = needs.now
    this.#limits = { ...DEFAULT_CALL_LIMITS, ...needs.limits }
  }

  /** The record as it is; replaced, never changed in place. */
  get call(): Call {
    return this.#call
  }

  /** The first step of an incoming call: it rings, it exists. */
  begin(): CallEffect[] {
    return [
      { do: 'ring' },
      { do: 'save', call: this.#call, events: ['call_created', 'call_ringing'] },
      { do: 'start', timer: 'max_duration', ms: this.#limits.maxDurationMs },
    ]
  }

  on(input: CallInput): CallEffect[] {
    if (this.#call.status === 'hangup') return []
    switch (input.type) {
      case 'line':
        return this.#onLine(input.event)
      case 'stored':
        this.#stored = true
        return this.#answering.length > 0 && !isEnding(this.#call) ? [{ do: 'answer' }] : []
      case 'answer':
        return this.#answer(input.key)
      case 'hangup':
        return this.#hangup(input.reason, input.cause)
      case 'action':
        return this.#setAction(input.action)
      case 'timer':
        return input.timer === 'max_duration' ? this.#cutOff() : this.#soundTimeIsUp()
      case 'stop_playing':
        return this.#sound ? [...this.#finishSound('stopped'), { do: 'silence' }] : []
      case 'sound_ready':
        return this.#soundReady(input.sound, input.parts)
      case 'sound_failed':
        return this.#isCurrent(input.sound) ? this.#finishSound('failed', input.issue) : []
      default:
        return this.#startSound(input)
    }
  }

  #onLine(event: LineEvent): CallEffect[] {
    switch (event.type) {
      case 'answered':
        return this.#answered()
      case 'digit':
        return [tell({ type: 'digit', digit: event.digit, duration_ms: event.durationMs, method: event.method })]
      case 'played':
        if (!this.#isCurrent(event.id)) return []
        return this.#finishSound(event.outcome, event.issue)
      case 'media_lost':
        return this.#cutOff()
      case 'dialog_changed':
        return [{ do: 'save', call: this.#call, events: [] }]
      case 'ended':
        return this.#ended(event.cause)
      default:
        return []
    }
  }

  /** The row with the dialog is on disk before the 200 is on the wire: until then the wish is kept. */
  #answer(key: string): CallEffect[] {
    const known = this.#outcomes.get(key)
    if (known && known !== 'running') return [tell(known)]
    if (known || isEnding(this.#call)) return []
    if (this.#call.status === 'progressing') return [tell(this.#remember(key, { type: 'answered', key }))]
    this.#remember(key, 'running')
    this.#answering.push(key)
    return this.#stored && this.#answering.length === 1 ? [{ do: 'answer' }] : []
  }

  #answered(): CallEffect[] {
    if (!mayBecome(this.#call, 'progressing')) return []
    const now = this.#now()
    this.#call = { ...this.#call, status: 'progressing', tm_progressing: now, tm_update: now }
    const keys = this.#answering.splice(0)
    return [
      { do: 'save', call: this.#call, events: ['call_progressing'] },
      ...keys.map((key) => tell(this.#remember(key, { type: 'answered', key }))),
    ]
  }

  #hangup(reason: HangupReason, cause = causeOfHangupReason(reason)): CallEffect[] {
    const ending = endingOf(this.#call)
    if (this.#cut || !mayBecome(this.#call, ending)) return []
    this.#call = { ...this.#call, status: ending, tm_update: this.#now() }
    return [
      { do: 'save', call: this.#call, events: [`call_${ending}`] },
      { do: 'hangup', cause },
    ]
  }

  /** Ends the leg with the cause that shows as `timeout`; the status says so only once the leg is gone. */
  #cutOff(): CallEffect[] {
    if (this.#cut || isEnding(this.#call)) return []
    this.#cut = true
    return [{ do: 'hangup', cause: CAUSE.timeout }]
  }

  #ended(cause: number): CallEffect[] {
    const last = this.#call.status
    const effects = this.#sound ? this.#finishSound('stopped') : []
    const now = this.#now()
    const hangup_by = hangupByOf(last)
    const hangup_reason = hangupReasonOf(this.#call.direction, last, cause)
    this.#call = { ...this.#call, status: 'hangup', hangup_by, hangup_reason, tm_hangup: now, tm_update: now }
    return [
      ...effects,
      { do: 'stop', timer: 'max_duration' },
      { do: 'save', call: this.#call, events: ['call_hangup'] },
      tell({ type: 'hungup', hangup_by, hangup_reason }),
      { do: 'release' },
    ]
  }

  #setAction(action: CallAction): CallEffect[] {
    const now = this.#now()
    this.#call = { ...this.#call, action: { ...action, tm_execute: action.tm_execute ?? now }, tm_update: now }
    return [{ do: 'save', call: this.#call, events: ['call_updated'] }]
  }

  #startSound(input: CallInput & { key: string }): CallEffect[] {
    const known = this.#outcomes.get(input.key)
    if (known && known !== 'running') return [tell(known)]
    if (known || isEnding(this.#call) || this.#cut) return []
    const before = this.#sound ? this.#finishSound('stopped') : []
    const kind = input.type === 'echo' ? 'echoed' : input.type === 'digits' ? 'digits_sent' : 'played'
    const sound: Sound = { id: this.#ids.uuid(), key: input.key, kind, stage: 'preparing' }
    this.#sound = sound
    this.#remember(input.key, 'running')
    return [...before, ...this.#begin(sound, input)]
  }

  #begin(sound: Sound, input: CallInput & { key: string }): CallEffect[] {
    switch (input.type) {
      case 'say':
        return [
          { do: 'silence' },
          { do: 'render', sound: sound.id, text: input.text, voice: input.voice },
          { do: 'start', timer: 'sound', ms: this.#limits.renderMs },
        ]
      case 'play':
        if (input.urls.length === 0) return this.#finishSound('finished')
        return [
          { do: 'silence' },
          { do: 'fetch', sound: sound.id, urls: input.urls },
          { do: 'start', timer: 'sound', ms: this.#limits.fetchMs },
        ]
      case 'prompt':
        return this.#soundReady(
          sound.id,
          input.files.map((file) => ({ file })),
        )
      case 'beep':
        return this.#soundReady(sound.id, [BEEP])
      case 'digits': {
        const digits = input.digits.toUpperCase()
        if (!DIGITS.test(digits)) return this.#finishSound('failed')
        const durationMs = clamp(input.duration_ms, 100, 1_000)
        return this.#soundReady(sound.id, [{ digits, durationMs, gapMs: clamp(input.interval_ms, 0, 5_000) }])
      }
      case 'echo':
        sound.stage = 'sounding'
        return [{ do: 'echo' }, { do: 'start', timer: 'sound', ms: clamp(input.duration_ms, 0, 86_400_000) }]
      default:
        return []
    }
  }

  #soundReady(id: string, parts: readonly PromptPart[]): CallEffect[] {
    const sound = this.#sound
    if (!sound || sound.id !== id || sound.stage !== 'preparing') return []
    sound.stage = 'sounding'
    return [
      { do: 'stop', timer: 'sound' },
      { do: 'play', sound: id, parts },
    ]
  }

  #soundTimeIsUp(): CallEffect[] {
    const sound = this.#sound
    if (!sound) return []
    if (sound.kind === 'echoed') return [...this.#finishSound('finished'), { do: 'silence' }]
    return sound.stage === 'preparing' ? this.#finishSound('failed', 'it was not ready in time') : []
  }

  /** The current sound is over; whoever asked for it hears how. */
  #finishSound(outcome: PlayOutcome, issue?: string): CallEffect[] {
    const sound = this.#sound
    if (!sound) return []
    this.#sound = undefined
    const reason = issue === undefined ? {} : { reason: issue }
    const input: LiveCallInput =
      sound.kind === 'played'
        ? { type: 'played', key: sound.key, outcome, ...reason }
        : { type: sound.kind, key: sound.key, outcome }
    const abort: CallEffect[] = sound.stage === 'preparing' ? [{ do: 'abort', sound: sound.id }] : []
    return [{ do: 'stop', timer: 'sound' }, ...abort, tell(this.#remember(sound.key, input))]
  }

  #isCurrent(id: string): boolean {
    return this.#sound?.id === id
  }

  #remember<T extends LiveCallInput | 'running'>(key: string, outcome: T): T {
    this.#outcomes.delete(key)
    this.#outcomes.set(key, outcome)
    if (this.#outcomes.size > KEYS_KEPT) {
      const oldest = this.#outcomes.keys().next()
      if (!oldest.done) this.#outcomes.delete(oldest.value)
    }
    return outcome
  }
}

function tell(input: LiveCallInput): CallEffect {
  return { do: 'tell', input }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(Number.isFinite(value) ? value : least, least), most)
}
