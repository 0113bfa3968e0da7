import type { Ids } from '#platform/ids'
import type { PromptPart } from '#telecom/media'
import type { CallEffect } from './call-effect.ts'
import type { CallLimits } from './call-limits.ts'
import type { LiveCallInput, PlayOutcome, SayOptions } from './live-call.ts'
import type { Outcomes } from './outcomes.ts'

/** What a live call is asked to let sound. */
export type SoundInput =
  | { type: 'say'; key: string; text: string; voice: SayOptions }
  | { type: 'play'; key: string; urls: readonly string[] }
  | { type: 'prompt'; key: string; files: readonly string[] }
  | { type: 'beep'; key: string }
  | { type: 'digits'; key: string; digits: string; duration_ms: number; interval_ms: number }
  | { type: 'echo'; key: string; duration_ms: number }

type SoundKind = 'played' | 'digits_sent' | 'echoed'

interface Sound {
  id: string
  key: string
  kind: SoundKind
  stage: 'preparing' | 'sounding'
}

const BEEP: PromptPart = { tone: { hz: [1_000], durationMs: 500 } }
const DIGITS = /^[0-9A-D*#]{1,100}$/

/** What sounds on one live call: one thing at a time. Part of the call's actor: synchronous, no I/O of its own. */
export class SoundMachine {
  readonly #ids: Pick<Ids, 'uuid'>
  readonly #limits: Pick<CallLimits, 'renderMs' | 'fetchMs'>
  readonly #outcomes: Outcomes
  #sound: Sound | undefined

  constructor(needs: {
    ids: Pick<Ids, 'uuid'>
    limits: Pick<CallLimits, 'renderMs' | 'fetchMs'>
    outcomes: Outcomes
  }) {
    this.#ids = needs.ids
    this.#limits = needs.limits
    this.#outcomes = needs.outcomes
  }

  /** Whether something sounds, or is being made ready. */
  get busy(): boolean {
    return this.#sound !== undefined
  }

  /** Begins a sound in place of the one before it. */
  start(input: SoundInput): CallEffect[] {
    const before = this.finish('stopped')
    const kind = input.type === 'echo' ? 'echoed' : input.type === 'digits' ? 'digits_sent' : 'played'
    const sound: Sound = { id: this.#ids.uuid(), key: input.key, kind, stage: 'preparing' }
    this.#sound = sound
    this.#outcomes.remember(input.key, 'running')
    return [...before, ...this.#begin(sound, input)]
  }

  /** What was being made ready is. */
  ready(id: string, parts: readonly PromptPart[]): CallEffect[] {
    const sound = this.#sound
    if (!sound || sound.id !== id || sound.stage !== 'preparing') return []
    sound.stage = 'sounding'
    return [
      { do: 'stop', timer: 'sound' },
      { do: 'play', sound: id, parts },
    ]
  }

  /** The sound of this id is over, where it is the one that sounds. */
  ended(id: string, outcome: PlayOutcome, issue?: string): CallEffect[] {
    return this.#sound?.id === id ? this.finish(outcome, issue) : []
  }

  timeIsUp(): CallEffect[] {
    const sound = this.#sound
    if (!sound) return []
    if (sound.kind === 'echoed') return [...this.finish('finished'), { do: 'silence' }]
    return sound.stage === 'preparing' ? this.finish('failed', 'it was not ready in time') : []
  }

  /** What sounds is over; whoever asked for it hears how. Nothing happens in silence. */
  finish(outcome: PlayOutcome, issue?: string): CallEffect[] {
    const sound = this.#sound
    if (!sound) return []
    this.#sound = undefined
    const reason = issue === undefined ? {} : { reason: issue }
    const input: LiveCallInput =
      sound.kind === 'played'
        ? { type: 'played', key: sound.key, outcome, ...reason }
        : { type: sound.kind, key: sound.key, outcome }
    const abort: CallEffect[] = sound.stage === 'preparing' ? [{ do: 'abort', sound: sound.id }] : []
    return [{ do: 'stop', timer: 'sound' }, ...abort, { do: 'tell', input: this.#outcomes.remember(sound.key, input) }]
  }

  #begin(sound: Sound, input: SoundInput): CallEffect[] {
    switch (input.type) {
      case 'say':
        return [
          { do: 'silence' },
          { do: 'render', sound: sound.id, text: input.text, voice: input.voice },
          { do: 'start', timer: 'sound', ms: this.#limits.renderMs },
        ]
      case 'play':
        if (input.urls.length === 0) return this.finish('finished')
        return [
          { do: 'silence' },
          { do: 'fetch', sound: sound.id, urls: input.urls },
          { do: 'start', timer: 'sound', ms: this.#limits.fetchMs },
        ]
      case 'prompt':
        return this.ready(
          sound.id,
          input.files.map((file) => ({ file })),
        )
      case 'beep':
        return this.ready(sound.id, [BEEP])
      case 'digits': {
        const digits = input.digits.toUpperCase()
        if (!DIGITS.test(digits)) return this.finish('failed')
        const durationMs = clamp(input.duration_ms, 100, 1_000)
        return this.ready(sound.id, [{ digits, durationMs, gapMs: clamp(input.interval_ms, 0, 5_000) }])
      }
      case 'echo':
        sound.stage = 'sounding'
        return [{ do: 'echo' }, { do: 'start', timer: 'sound', ms: clamp(input.duration_ms, 0, 86_400_000) }]
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(Number.isFinite(value) ? value : least, least), most)
}
