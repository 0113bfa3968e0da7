import type { Ids } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { PromptPart } from '#telecom/media'
import { type Call, isEnding } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallLimits } from './call-limits.ts'
import { type Control, type ControlRefusal, muted, unmuted } from './control.ts'

/** What a live call is asked from outside of its flow; `controlled` with the same key answers it. */
export interface ControlInput {
  type: 'control'
  key: string
  control: Control
}

/** A change of the call and what is to be done. */
export interface ControlStep {
  call: Call
  effects: CallEffect[]
}

type Covering = 'hold' | 'moh' | 'silence'

interface Announcement {
  id: string
  key: string
  /** There once it is spoken, while the call still waits for its answer. */
  parts?: readonly PromptPart[]
}

/**
 * What is asked of one live call beside what its flow does: hold, music, silence, mute, and words that are said over
 * everything else. Part of the call's actor. Repeating what is so already changes nothing; what meets the wrong state is
 * refused at once and has no effect.
 */
export class ControlMachine {
  readonly #ids: Pick<Ids, 'uuid'>
  readonly #now: () => Timestamp
  readonly #renderMs: number
  readonly #answer: (key: string) => CallEffect[]
  /** What covers all that sounds, until it is taken back or the leg moves to another conversation. */
  readonly #covers = new Set<Covering>()
  /** Words that do not sound yet. */
  #announcement: Announcement | undefined

  /** `answer` answers a caller. */
  constructor(needs: {
    ids: Pick<Ids, 'uuid'>
    now: () => Timestamp
    limits: Pick<CallLimits, 'renderMs'>
    answer: (key: string) => CallEffect[]
  }) {
    this.#ids = needs.ids
    this.#now = needs.now
    this.#renderMs = needs.limits.renderMs
    this.#answer = needs.answer
  }

  /** `isCut`: the leg is being ended, although the status does not say so yet. */
  on(call: Call, { key, control }: ControlInput, isCut: boolean): ControlStep {
    const refusal = refusalOf(call, isCut, control.type === 'talk')
    if (refusal) return { call, effects: [{ do: 'controlled', key, refusal }] }
    switch (control.type) {
      case 'hold':
      case 'moh':
      case 'silence':
        return done(call, key, this.#cover(control.type, control.on))
      case 'mute': {
        const { on, direction } = control
        return this.#mute(call, key, (on ? muted : unmuted)(call.mute_direction, direction))
      }
      case 'talk':
        return { call, effects: this.#talk(call, key, control) }
    }
  }

  /** Words are spoken; false where it is none of ours. */
  ready(call: Call, sound: string, parts: readonly PromptPart[]): CallEffect[] | undefined {
    const announcement = this.#announcement
    if (announcement?.id !== sound) return undefined
    announcement.parts = parts
    return this.callAnswered(call)
  }

  /** They could not be. */
  failed(sound: string, isTextAtFault: boolean): CallEffect[] | undefined {
    if (this.#announcement?.id !== sound) return undefined
    return this.#refuse(isTextAtFault ? 'text' : 'no_speech')
  }

  /** Words that wait for the call to be answered sound now. */
  callAnswered(call: Call): CallEffect[] {
    const announcement = this.#announcement
    if (!announcement?.parts || call.status !== 'progressing') return []
    this.#announcement = undefined
    const { id, key, parts } = announcement
    return [
      { do: 'stop', timer: 'announcement' },
      { do: 'announce', sound: id, parts },
      { do: 'controlled', key },
    ]
  }

  timeIsUp(): CallEffect[] {
    return this.#refuse('no_speech')
  }

  callEnded(): CallEffect[] {
    return this.#refuse('over')
  }

  /** Another conversation begins: what covered the one before covers this one not. */
  uncover(): CallEffect[] {
    return [...this.#covers].map((by) => this.#cover(by, false))
  }

  #cover(by: Covering, on: boolean): CallEffect {
    if (on) this.#covers.add(by)
    else this.#covers.delete(by)
    return by === 'hold' ? { do: 'hold', on } : { do: 'cover', by, on }
  }

  #mute(call: Call, key: string, mute_direction: Call['mute_direction']): ControlStep {
    if (mute_direction === call.mute_direction) return done(call, key)
    const changed: Call = { ...call, mute_direction, tm_update: this.#now() }
    const save: CallEffect = { do: 'save', call: changed, events: ['call_updated'] }
    return done(changed, key, { do: 'mute', direction: mute_direction }, save)
  }

  /** The newest words win: those that did not sound yet never do. */
  #talk(call: Call, key: string, { text, voice }: Control & { type: 'talk' }): CallEffect[] {
    const before = this.#announcement
    const id = this.#ids.uuid()
    this.#announcement = { id, key }
    return [
      ...(before ? replaced(before) : []),
      ...(call.status === 'progressing' ? [] : this.#answer(`talk:${key}`)),
      { do: 'render', sound: id, text, voice },
      { do: 'start', timer: 'announcement', ms: this.#renderMs },
    ]
  }

  #refuse(why: 'over' | 'text' | 'no_speech'): CallEffect[] {
    const announcement = this.#announcement
    if (!announcement) return []
    this.#announcement = undefined
    return [
      { do: 'stop', timer: 'announcement' },
      { do: 'abort', sound: announcement.id },
      { do: 'controlled', key: announcement.key, refusal: { why } },
    ]
  }
}

function done(call: Call, key: string, ...effects: CallEffect[]): ControlStep {
  return { call, effects: [...effects, { do: 'controlled', key }] }
}

function replaced({ id, key }: Announcement): CallEffect[] {
  return [
    { do: 'abort', sound: id },
    { do: 'controlled', key },
  ]
}

/** Why a call cannot be asked for something: it has to be answered, unless a caller may be answered by it. */
export function refusalOf(call: Call, isCut: boolean, mayAnswer = false): ControlRefusal | undefined {
  const { status } = call
  if (status === 'hangup') return { why: 'over' }
  if (isCut && !isEnding(call)) return { why: 'state', status: 'terminating' }
  if (status === 'progressing') return undefined
  if (mayAnswer && status === 'ringing' && call.direction === 'incoming') return undefined
  return { why: 'state', status }
}
