import { type Ids, NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { LineEvent } from '#telecom/line'
import type { PromptPart } from '#telecom/media'
import type { Call } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallTimer } from './call-input.ts'
import type { LiveCallInput, RecordingOptions } from './live-call.ts'
import { fileNames, mayBecome, newRecording, type Recording, sizeAtEnd } from './recording.ts'
import type { RecordedSound } from './recording-files.ts'

/** Why nothing is recorded. */
export type RecordingRefusal =
  | 'already_active'
  | 'call_state_invalid'
  | 'insufficient_balance'
  | 'account_suspended'
  | 'spending_limit_reached'
  | 'storage_full'
  | 'unavailable'

/** What a live call is told about its recordings. */
export type RecordingInput =
  | { type: 'start_recording'; key: string; options: RecordingOptions }
  | { type: 'stop_recording'; key: string }
  /** Balance and disk were asked: it may begin, or why not. */
  | { type: 'recording_prepared'; key: string; refusal?: RecordingRefusal }
  /** What is on the disk of a recording that is over. */
  | { type: 'recording_measured'; id: string; sound: RecordedSound }

/** The call as it is afterwards (the same object where nothing changed), and what is to be done. */
export interface RecordingStep {
  call: Call
  effects: CallEffect[]
}

/**
 * `beeping`: the row exists, the beep before it sounds. `starting`: the line was asked. `running`. `ending`: the line was
 * asked to stop, or is gone. `measuring`: the files are closed.
 */
type Phase = 'beeping' | 'starting' | 'running' | 'ending' | 'measuring'

interface Session {
  recording: Recording
  key: string
  options: RecordingOptions
  phase: Phase
  /** Who asked has heard how it began, or that it did not. */
  isTold: boolean
  /** What the line said of its end. */
  end: { duration: number | undefined; complete: boolean }
}

/** How long the line may take to begin: longer than it takes the media to know that a disk does not answer. */
const START_MS = 6_000
/** How long the line may take to close the files: the same. */
const END_MS = 6_000
/** The longest recording, whatever was asked for. */
const LONGEST_SECONDS = 86_400
/** Requests that wait for balance and disk at the same time. */
const MOST_WAITING = 8

const BEEP: PromptPart = { tone: { hz: [1_000], durationMs: 500 } }

/**
 * The recordings of one live call: at most one goes on, earlier ones may still be closing their files. Part of the call's
 * actor: synchronous, one input at a time, no I/O of its own.
 */
export class RecordingMachine {
  readonly #ids: Pick<Ids, 'uuid'>
  readonly #now: () => Timestamp
  /** Asked for, not begun: balance and disk are being asked. */
  readonly #waiting = new Map<string, { recording: Recording; options: RecordingOptions }>()
  readonly #sessions = new Map<string, Session>()
  #current: Session | undefined

  constructor(needs: { ids: Pick<Ids, 'uuid'>; now: () => Timestamp }) {
    this.#ids = needs.ids
    this.#now = needs.now
  }

  /** Whether a recording goes on, or its files are not closed yet. */
  get busy(): boolean {
    return this.#sessions.size > 0
  }

  /** Whether this recording is one of those. */
  has(id: string): boolean {
    return this.#sessions.has(id)
  }

  on(call: Call, input: RecordingInput): RecordingStep {
    switch (input.type) {
      case 'start_recording':
        return this.#start(call, input.key, input.options)
      case 'stop_recording':
        return this.#stop(call, input.key)
      case 'recording_prepared':
        return this.#prepared(call, input.key, input.refusal)
      case 'recording_measured':
        return { call, effects: this.#measured(input.id, input.sound) }
    }
  }

  onLine(call: Call, event: LineEvent): RecordingStep {
    switch (event.type) {
      case 'recording_started':
        return { call, effects: this.#started(event.recording_id) }
      case 'recording_ended':
        return this.#ended(call, event.recording_id, { duration: event.duration_ms / 1000, complete: event.complete })
      case 'played':
        return { call, effects: this.#beeped(event.id) }
      case 'digit':
        return this.#pressed(call, event.digit)
      default:
        return { call, effects: [] }
    }
  }

  onTimer(call: Call, id: string): RecordingStep {
    const session = this.#sessions.get(id)
    switch (session?.phase) {
      case 'starting':
        return this.#ended(call, id, { duration: 0, complete: false }, [{ do: 'stop_recording' }])
      case 'running':
        return this.#finish(call, session)
      case 'ending':
        return this.#ended(call, id, { duration: undefined, complete: false })
      default:
        return { call, effects: [] }
    }
  }

  /** The call is over, its record says so already: what goes on ends with it. */
  callEnded(call: Call): CallEffect[] {
    const effects = [...this.#waiting].flatMap(([key, { recording }]) => refuse(key, 'call_state_invalid', recording))
    this.#waiting.clear()
    const session = this.#current
    this.#current = undefined
    if (!session) return effects
    if (session.phase === 'beeping') return [...effects, ...this.#ended(call, session.recording.id, NOTHING).effects]
    session.phase = 'ending'
    return [...effects, { do: 'start', timer: timerOf(session), ms: END_MS }]
  }

  #start(call: Call, key: string, options: RecordingOptions): RecordingStep {
    const refusal = this.#refusalOf(call)
    if (refusal || this.#waiting.size >= MOST_WAITING)
      return { call, effects: [tell({ type: 'recording_refused', key, reason: refusal ?? 'unavailable' })] }
    const recording = newRecording(this.#ids.uuid(), call, options, this.#now())
    this.#waiting.set(key, { recording, options })
    return { call, effects: [{ do: 'prepare_recording', key, recording }] }
  }

  /** Looked at twice: when it is asked for, and when nothing is in its way but perhaps another one that was faster. */
  #refusalOf(call: Call): RecordingRefusal | undefined {
    if (this.#current) return 'already_active'
    return call.status === 'progressing' ? undefined : 'call_state_invalid'
  }

  #prepared(call: Call, key: string, failure: RecordingRefusal | undefined): RecordingStep {
    const waiting = this.#waiting.get(key)
    if (!waiting) return { call, effects: [] }
    this.#waiting.delete(key)
    const { recording, options } = waiting
    const refusal = failure ?? this.#refusalOf(call)
    if (refusal) return { call, effects: refuse(key, refusal, recording) }
    const session: Session = { recording, key, options, phase: 'beeping', isTold: false, end: NOTHING }
    this.#sessions.set(recording.id, session)
    this.#current = session
    const recording_ids = [...call.recording_ids, recording.id]
    const recorded: Call = { ...call, recording_id: recording.id, recording_ids, tm_update: this.#now() }
    return {
      call: recorded,
      effects: [
        { do: 'save_recording', recording, events: [] },
        { do: 'save', call: recorded, events: ['call_updated'] },
        ...(options.beep_start ? [beep(recording)] : this.#begin(session)),
      ],
    }
  }

  #beeped(id: string): CallEffect[] {
    const session = this.#sessions.get(id)
    return session?.phase === 'beeping' ? this.#begin(session) : []
  }

  #begin(session: Session): CallEffect[] {
    session.phase = 'starting'
    const { recording, options } = session
    return [
      { do: 'record', recording, endOfSilenceMs: options.end_of_silence * 1000 },
      { do: 'start', timer: timerOf(session), ms: START_MS },
    ]
  }

  #started(id: string): CallEffect[] {
    const session = this.#sessions.get(id)
    if (!session || session.recording.tm_start || session.phase === 'measuring') return []
    const now = this.#now()
    const status = mayBecome(session.recording, 'recording') ? 'recording' : session.recording.status
    session.recording = { ...session.recording, status, tm_start: now, tm_update: now }
    session.isTold = true
    const effects: CallEffect[] = [
      { do: 'save_recording', recording: session.recording, events: ['recording_started'] },
      tell({ type: 'recording_started', key: session.key, recording: shown(session.recording) }),
    ]
    if (session.phase !== 'starting') return effects
    session.phase = 'running'
    const seconds = Math.min(session.options.duration, LONGEST_SECONDS)
    const limit: CallEffect =
      seconds > 0
        ? { do: 'start', timer: timerOf(session), ms: seconds * 1000 }
        : { do: 'stop', timer: timerOf(session) }
    return [...effects, limit]
  }

  #stop(call: Call, key: string): RecordingStep {
    const session = this.#current
    const stopped = tell({ type: 'recording_stopped', key })
    if (!session) return { call, effects: [stopped] }
    session.recording = { ...session.recording, status: 'stopping' }
    const effects: CallEffect[] = [{ do: 'save_recording', recording: session.recording, events: [] }]
    const finished =
      session.phase === 'beeping' ? this.#ended(call, session.recording.id, NOTHING) : this.#finish(call, session)
    return { call: finished.call, effects: [...effects, ...finished.effects, stopped] }
  }

  #pressed(call: Call, digit: string): RecordingStep {
    const session = this.#current
    const { end_of_key = '' } = session?.options ?? {}
    const isEnd = end_of_key === digit || end_of_key === 'any'
    return session?.phase === 'running' && isEnd ? this.#finish(call, session) : { call, effects: [] }
  }

  /** Ends what goes on: the call is free for another recording at once, the files follow. */
  #finish(call: Call, session: Session): RecordingStep {
    session.phase = 'ending'
    const detached = this.#detach(call, session)
    return {
      call: detached.call,
      effects: [{ do: 'stop_recording' }, { do: 'start', timer: timerOf(session), ms: END_MS }, ...detached.effects],
    }
  }

  /** The call says at once that it is recorded no more. */
  #detach(call: Call, session: Session): RecordingStep {
    if (this.#current !== session) return { call, effects: [] }
    this.#current = undefined
    const free: Call = { ...call, recording_id: NIL_UUID, tm_update: this.#now() }
    return { call: free, effects: [{ do: 'save', call: free, events: ['call_updated'] }] }
  }

  #ended(call: Call, id: string, end: Session['end'], before: CallEffect[] = []): RecordingStep {
    const session = this.#sessions.get(id)
    if (!session || session.phase === 'measuring') return { call, effects: [] }
    session.phase = 'measuring'
    session.end = end
    session.recording = { ...session.recording, tm_end: this.#now() }
    const detached = this.#detach(call, session)
    const refused: CallEffect[] = session.isTold
      ? []
      : [tell({ type: 'recording_refused', key: session.key, reason: 'unavailable' })]
    session.isTold = true
    return {
      call: detached.call,
      effects: [
        ...before,
        { do: 'stop', timer: timerOf(session) },
        ...detached.effects,
        ...refused,
        { do: 'measure_recording', recording: session.recording },
      ],
    }
  }

  #measured(id: string, sound: RecordedSound): CallEffect[] {
    const session = this.#sessions.get(id)
    if (session?.phase !== 'measuring') return []
    this.#sessions.delete(id)
    const { duration = sound.duration, complete } = session.end
    const now = this.#now()
    const { recording } = session
    const size = sizeAtEnd(recording, sound.size)
    const ended: Recording = { ...recording, status: 'ended', duration, complete, size, tm_update: now }
    return [
      { do: 'save_recording', recording: ended, events: ['recording_finished'] },
      { do: 'recording_over', recording: ended },
    ]
  }
}

/** The end of what never began. */
const NOTHING = { duration: 0, complete: false }

function timerOf({ recording }: Session): CallTimer {
  return `recording:${recording.id}`
}

/** The beep sounds under the recording's own id: its end is the sign to begin. */
function beep({ id }: Recording): CallEffect {
  return { do: 'play', sound: id, parts: [BEEP] }
}

function refuse(key: string, reason: RecordingRefusal, recording: Recording): CallEffect[] {
  return [tell({ type: 'recording_refused', key, reason }), { do: 'discard_recording', recording }]
}

function shown(recording: Recording) {
  const { id, reference_id, format, recording_name } = recording
  const filenames = fileNames(recording).join(',')
  return { id, reference_type: 'call' as const, reference_id, format, recording_name, filenames }
}

function tell(input: LiveCallInput): CallEffect {
  return { do: 'tell', input }
}
