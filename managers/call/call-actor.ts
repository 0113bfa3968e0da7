import { type Ids, NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import { CAUSE, type LineEvent } from '#telecom/line'
import type { AttemptEvent } from './attempt.ts'
import { type Call, type CallAction, endingOf, type HangupReason, isEnding, mayBecome } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import { type CallLimits, DEFAULT_CALL_LIMITS } from './call-limits.ts'
import { ConnectMachine } from './connect-machine.ts'
import { type ControlInput, ControlMachine } from './control-machine.ts'
import { Conversation } from './conversation.ts'
import { Detection } from './detection.ts'
import { type DialledWay, Dialling, GIVEN_UP } from './dialling.ts'
import { causeOfHangupReason, hangupByOf, hangupReasonOf } from './hangup-reason.ts'
import type { LiveCallInput } from './live-call.ts'
import type { MoveInput } from './move.ts'
import { Outcomes } from './outcomes.ts'
import { RecordingMachine, type RecordingStep } from './recording-machine.ts'
import { SoundMachine } from './sound-machine.ts'
import { StreamMachine } from './stream-machine.ts'

const RELEASE: CallEffect = { do: 'release' }
/** What an unanswered caller hears in place of a ringing tone of its own. */
const AUDIBLE: ReadonlySet<CallEffect['do']> = new Set(['play', 'echo', 'bridge', 'music', 'ringback'])

type Ended = LineEvent & { type: 'ended' }

/**
 * One live call: its record and what is going on. Synchronous, one input at a time, no I/O of its own: from where it is
 * and what just happened it says what is to be done. It alone changes its call.
 */
export class CallActor {
  readonly #limits: CallLimits
  readonly #now: () => Timestamp
  #call: Call
  #stored = false
  #answering: string[] = []
  /** Something has sounded before the answer, so that the caller hears us and no ringing tone of its own. */
  #sounded = false
  /** What we play and whose end has not come. */
  readonly #playing = new Set<string>()
  /** The leg is being ended without passing `terminating` or `canceling`: with the cause that its end will show. */
  #cut: number | undefined
  readonly #outcomes = new Outcomes()
  readonly #detection = new Detection({ outcomes: this.#outcomes })
  readonly #sounds: SoundMachine
  readonly #recordings: RecordingMachine
  readonly #controls: ControlMachine
  readonly #streams = new StreamMachine()
  readonly #conversation = new Conversation()
  readonly #connect: ConnectMachine
  readonly #dialling: Dialling

  /** `ways` lead to the callee, in this order; `isEarly`: its flow begins when it rings. */
  constructor(
    call: Call,
    needs: {
      ids: Pick<Ids, 'uuid'>
      now: () => Timestamp
      limits?: Partial<CallLimits>
      ways?: readonly DialledWay[]
      isEarly?: boolean
    },
  ) {
    this.#call = call
    this.#now = needs.now
    this.#limits = { ...DEFAULT_CALL_LIMITS, ...needs.limits }
    this.#dialling = new Dialling({ ...needs, dialMs: this.#limits.dialMs })
    this.#sounds = new SoundMachine({ ids: needs.ids, limits: this.#limits, outcomes: this.#outcomes })
    this.#recordings = new RecordingMachine(needs)
    const { ids, now } = needs
    this.#controls = new ControlMachine({ ids, now, limits: this.#limits, answer: (key) => this.#answer(key) })
    this.#connect = new ConnectMachine({
      conversation: this.#conversation,
      outcomes: this.#outcomes,
      answer: (key) => this.#answer(key),
      hangup: () => this.#hangup('normal'),
      isHeard: () => this.#sounded || this.#call.status === 'progressing',
    })
  }

  /** The record as it is; replaced, never changed in place. */
  get call(): Call {
    return this.#call
  }

  /** The leg that is heard, while both are joined. */
  get peer(): string | undefined {
    return this.#conversation.peer
  }

  /** Whether its flow, or it alone, waits for the end of a conversation. */
  get isConnected(): boolean {
    return this.#connect.busy
  }

  /** Whether this recording goes on, or its last row is not written yet. */
  isRecording(recording_id: string): boolean {
    return this.#recordings.has(recording_id)
  }

  /** The first step: a call that comes in rings, one that goes out is dialled once its row is on disk. */
  begin(): CallEffect[] {
    const limit: CallEffect = { do: 'start', timer: 'max_duration', ms: this.#limits.maxDurationMs }
    if (this.#call.direction === 'outgoing') return [{ do: 'save', call: this.#call, events: ['call_created'] }, limit]
    return [{ do: 'ring' }, { do: 'save', call: this.#call, events: ['call_created', 'call_ringing'] }, limit]
  }

  on(input: CallInput): CallEffect[] {
    if (this.#call.status === 'hangup') return this.#afterwards(input)
    switch (input.type) {
      case 'line':
        return [...this.#record(input), ...this.#onLine(input.event)]
      case 'start_recording':
      case 'stop_recording':
      case 'recording_prepared':
      case 'recording_measured':
        return this.#record(input)
      case 'control':
        return this.#control(input)
      case 'start_stream':
      case 'stop_stream':
        return this.#streams.on(this.#call, input, this.#cut !== undefined)
      case 'stored':
        return this.#isStored()
      case 'answer':
        return this.#answer(input.key)
      case 'hangup':
        return this.#hangup(input.reason, input.cause)
      case 'action':
        return this.#setAction(input.action)
      case 'chain':
        return this.#chain(input.call_ids)
      case 'timer':
        return this.#timeIsUp(input)
      case 'redial_ready':
      case 'redial_failed':
        return this.#redial(input.type === 'redial_ready')
      case 'connect':
        return this.#once(input.key, () => [
          ...this.#sounds.finish('stopped'),
          ...this.#connect.start(input.key, input.options),
        ])
      case 'called_out':
      case 'not_called_out':
      case 'attempt':
        return isEnding(this.#call) ? [] : this.#heard(this.#connect.on(this.#call, input))
      case 'join':
      case 'peer_held':
      case 'peer_again':
        return isEnding(this.#call) ? [] : this.#conversation.on(input)
      case 'lend':
      case 'take_back':
      case 'adopt':
      case 'abandon':
      case 'partner_ended':
      case 'follow':
      case 'unchain':
        return isEnding(this.#call) ? [] : this.#move(input)
      case 'detect':
        return this.#once(input.key, () => this.#detection.start(input))
      case 'stop_playing':
        return this.#sounds.busy ? this.#goOn([...this.#sounds.finish('stopped'), { do: 'silence' }]) : []
      case 'sound_ready':
        return (
          this.#controls.ready(this.#call, input.sound, input.parts) ??
          this.#heard(this.#sounds.ready(input.sound, input.parts))
        )
      case 'sound_failed':
        return (
          this.#controls.failed(input.sound, input.isTextAtFault) ??
          this.#sounds.ended(input.sound, 'failed', input.issue)
        )
      default:
        return this.#once(input.key, () => this.#heard(this.#sounds.start(input)))
    }
  }

  #onLine(event: LineEvent): CallEffect[] {
    switch (event.type) {
      case 'ringing':
        return this.#ringing()
      case 'early_media':
        if (isEnding(this.#call) || this.#cut !== undefined) return []
        return [...this.#ringing(), report({ type: 'early_media', call_id: this.#call.id })]
      case 'answered':
        return this.#answered()
      case 'digit':
        return [tell({ type: 'digit', digit: event.digit, duration_ms: event.durationMs, method: event.method })]
      case 'answered_by':
        return isEnding(this.#call) ? [] : this.#detection.detected(event)
      case 'played':
        return this.#played(event)
      case 'transfer_asked':
        return [{ do: 'ask_transfer', transfer: event.transfer }]
      case 'held':
      case 'resumed':
        return isEnding(this.#call) ? [] : this.#conversation.own(event.type === 'held')
      case 'media_lost':
        return this.#cutOff(CAUSE.timeout)
      case 'dialog_changed':
        return [{ do: 'save', call: this.#call, events: [] }]
      case 'stream_started':
      case 'stream_ended':
        return this.#streams.onLine(event)
      case 'ended':
        return this.#lineEnded(event)
      default:
        return []
    }
  }

  /** The callee rings: told once, whichever way rang. */
  #ringing(): CallEffect[] {
    if (this.#cut !== undefined || !mayBecome(this.#call, 'ringing')) return []
    const now = this.#now()
    this.#call = { ...this.#call, status: 'ringing', tm_ringing: now, tm_update: now }
    return [{ do: 'save', call: this.#call, events: ['call_ringing'] }, report({ type: 'ringing' })]
  }

  /** The row with the dialog is on disk: only now a 200 of ours, or an INVITE, may be on the wire. */
  #isStored(): CallEffect[] {
    const isFirst = !this.#stored
    this.#stored = true
    if (isEnding(this.#call)) return []
    if (this.#call.direction === 'incoming') return this.#answering.length > 0 ? [{ do: 'answer' }] : []
    return isFirst ? this.#dialling.dial() : []
  }

  /** The wish is kept until the row is on disk; a callee answers by itself, and is waited for. */
  #answer(key: string): CallEffect[] {
    const known = this.#outcomes.of(key)
    if (known && known !== 'running') return [tell(known)]
    if (known || isEnding(this.#call)) return []
    if (this.#call.status === 'progressing') return [tell(this.#outcomes.remember(key, { type: 'answered', key }))]
    this.#outcomes.remember(key, 'running')
    this.#answering.push(key)
    const isOurs = this.#call.direction === 'incoming'
    return isOurs && this.#stored && this.#answering.length === 1 ? [{ do: 'answer' }] : []
  }

  #answered(): CallEffect[] {
    if (this.#cut !== undefined || !mayBecome(this.#call, 'progressing')) return []
    const now = this.#now()
    this.#call = { ...this.#call, status: 'progressing', tm_progressing: now, tm_update: now }
    const keys = this.#answering.splice(0)
    return [
      { do: 'stop', timer: 'dial' },
      ...this.#dialling.answered(),
      { do: 'save', call: this.#call, events: ['call_progressing'] },
      ...keys.map((key) => tell(this.#outcomes.remember(key, { type: 'answered', key }))),
      ...this.#connect.callerAnswered(),
      ...this.#controls.callAnswered(this.#call),
      report({ type: 'answered', call_id: this.#call.id }),
    ]
  }

  #hangup(reason: HangupReason, cause = causeOfHangupReason(reason)): CallEffect[] {
    const ending = endingOf(this.#call)
    if (this.#cut !== undefined || !mayBecome(this.#call, ending)) return []
    this.#call = { ...this.#call, status: ending, tm_update: this.#now() }
    this.#connect.callerLeaves()
    return [{ do: 'save', call: this.#call, events: [`call_${ending}`] }, { do: 'hangup', cause }, { do: 'end_chain' }]
  }

  /** Ends the leg for a cause of its own; the status says so only once the leg is gone. */
  #cutOff(shown: number, cause = shown): CallEffect[] {
    if (this.#cut !== undefined || isEnding(this.#call)) return []
    this.#cut = shown
    return [{ do: 'hangup', cause }]
  }

  #timeIsUp(input: CallInput & { type: 'timer' }): CallEffect[] {
    switch (input.timer) {
      case 'max_duration':
        return this.#cutOff(CAUSE.timeout)
      case 'dial':
        return this.#cutOff(GIVEN_UP, CAUSE.noAnswer)
      case 'sound':
        return this.#goOn(this.#sounds.timeIsUp())
      case 'announcement':
        return this.#controls.timeIsUp()
      default:
        return this.#record(input)
    }
  }

  #lineEnded(event: Ended): CallEffect[] {
    const isGivenUp = this.#cut === GIVEN_UP
    const cause = this.#cut ?? event.cause
    const next = this.#cut === undefined || isGivenUp ? this.#dialling.next(this.#call, event, cause) : undefined
    if (!next) return [...this.#dialling.over(event, cause), ...this.#ended(event.cause)]
    this.#cut = undefined
    return next
  }

  #redial(isReady: boolean): CallEffect[] {
    const before = this.#dialling.prepared()
    if (before === undefined) return []
    if (!isReady) return this.#ended(before)
    if (isEnding(this.#call) || this.#cut !== undefined) return [{ do: 'hangup', cause: CAUSE.normal }]
    return [...this.#saveUpdated({}), report({ type: 'redialled' }), ...this.#dialling.dial()]
  }

  #ended(lineCause: number): CallEffect[] {
    const last = this.#call.status
    const cause = this.#cut ?? lineCause
    const sounds = this.#sounds.finish('stopped')
    const now = this.#now()
    const hangup_by = hangupByOf(last)
    const hangup_reason = hangupReasonOf(this.#call.direction, last, cause)
    const over = { hangup_by, hangup_reason, tm_hangup: now, tm_update: now, recording_id: NIL_UUID }
    this.#call = { ...this.#call, status: 'hangup', ...over }
    this.#connect.callerLeaves()
    const recordings = this.#recordings.callEnded(this.#call)
    return [
      ...sounds,
      ...this.#controls.callEnded(),
      ...this.#streams.callEnded(),
      { do: 'stop', timer: 'max_duration' },
      { do: 'stop', timer: 'dial' },
      { do: 'save', call: this.#call, events: ['call_hangup'] },
      ...recordings,
      { do: 'end_chain' },
      report({ type: 'ended', hangup_reason, cause }),
      tell({ type: 'hungup', hangup_by, hangup_reason }),
      ...(this.#recordings.busy ? [] : [RELEASE]),
    ]
  }

  /** The call is over; its recordings may still have files to close. */
  #afterwards(input: CallInput): CallEffect[] {
    if (input.type === 'control') return this.#control(input)
    if (input.type === 'start_stream' || input.type === 'stop_stream') return this.#streams.on(this.#call, input, false)
    if (!this.#recordings.busy) return []
    const effects = this.#record(input)
    return this.#recordings.busy ? effects : [...effects, RELEASE]
  }

  #control(input: ControlInput): CallEffect[] {
    const { call, effects } = this.#controls.on(this.#call, input, this.#cut !== undefined)
    this.#call = call
    return effects
  }

  /** What an input means for the recordings of the call. */
  #record(input: CallInput): CallEffect[] {
    switch (input.type) {
      case 'line':
        return this.#apply(this.#recordings.onLine(this.#call, input.event))
      case 'timer':
        return this.#apply(this.#recordings.onTimer(this.#call, input.timer.replace('recording:', '')))
      case 'start_recording':
      case 'stop_recording': {
        const known = this.#outcomes.of(input.key)
        if (known) return known === 'running' ? [] : [tell(known)]
        this.#outcomes.remember(input.key, 'running')
        return this.#apply(this.#recordings.on(this.#call, input))
      }
      case 'recording_prepared':
      case 'recording_measured':
        return this.#apply(this.#recordings.on(this.#call, input))
      default:
        return []
    }
  }

  #apply({ call, effects }: RecordingStep): CallEffect[] {
    this.#call = call
    for (const effect of effects)
      if (effect.do === 'tell' && 'key' in effect.input) this.#outcomes.remember(effect.input.key, effect.input)
    const beeps = effects.some((effect) => effect.do === 'play')
    return beeps ? this.#heard([...this.#sounds.finish('stopped'), ...effects]) : effects
  }

  #setAction(action: CallAction): CallEffect[] {
    const now = this.#now()
    this.#call = { ...this.#call, action: { ...action, tm_execute: action.tm_execute ?? now }, tm_update: now }
    return [{ do: 'save', call: this.#call, events: ['call_updated'] }]
  }

  #chain(call_ids: readonly string[]): CallEffect[] {
    return this.#saveUpdated({ chained_call_ids: [...this.#call.chained_call_ids, ...call_ids] })
  }

  #saveUpdated(changed: Partial<Call>): CallEffect[] {
    this.#call = { ...this.#call, ...changed, tm_update: this.#now() }
    return [{ do: 'save', call: this.#call, events: ['call_updated'] }]
  }

  /** A transfer moves the leg to another conversation. */
  #move(input: MoveInput): CallEffect[] {
    switch (input.type) {
      case 'lend':
        this.#connect.lend()
        return [
          ...this.#sounds.finish('stopped'),
          ...this.#controls.uncover(),
          ...this.#heard(this.#conversation.wait(input.hears)),
        ]
      case 'take_back': {
        const over = this.#connect.takeBack()
        if (over.length > 0 || isEnding(this.#call)) return over
        return [...this.#controls.uncover(), ...this.#heard(this.#conversation.join(input.peer))]
      }
      case 'adopt':
        return [...this.#controls.uncover(), ...this.#heard(this.#connect.adopt(input.peer))]
      case 'abandon':
        return this.#connect.abandon()
      case 'partner_ended':
        return this.#connect.partnerEnded(input.peer)
      case 'follow':
        return this.#saveUpdated({ master_call_id: input.master_call_id })
      case 'unchain': {
        const { chained_call_ids } = this.#call
        return this.#saveUpdated({ chained_call_ids: chained_call_ids.filter((id) => id !== input.call_id) })
      }
    }
  }

  /** What was asked under a key, unless it was asked before, or the leg is about to end. */
  #once(key: string, begin: () => CallEffect[]): CallEffect[] {
    const known = this.#outcomes.of(key)
    if (known && known !== 'running') return [tell(known)]
    return known || isEnding(this.#call) || this.#cut !== undefined ? [] : begin()
  }

  #played(event: LineEvent & { type: 'played' }): CallEffect[] {
    const effects = this.#sounds.ended(event.id, event.outcome, event.issue)
    return this.#playing.delete(event.id) ? this.#goOn(effects) : effects
  }

  /** What sounded in place of a conversation is over: that goes on. */
  #goOn(effects: CallEffect[]): CallEffect[] {
    return this.#sounds.busy || isEnding(this.#call) ? effects : [...effects, ...this.#conversation.goOn()]
  }

  /** Something sounds towards the far end: an unanswered caller hears us from now on. */
  #heard(effects: CallEffect[]): CallEffect[] {
    for (const effect of effects) {
      if (effect.do === 'play') this.#playing.add(effect.sound)
      if (AUDIBLE.has(effect.do)) this.#sounded = true
    }
    return effects
  }
}

function tell(input: LiveCallInput): CallEffect {
  return { do: 'tell', input }
}

function report(event: AttemptEvent): CallEffect {
  return { do: 'report', event }
}
