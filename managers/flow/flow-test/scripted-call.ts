import type { Call } from '#managers/call'
import type { Address } from '#platform/http'
import { NIL_UUID, uuidOfName } from '#platform/ids'
import type { Clock, Timer } from '#platform/time'
import type { Command, Input } from '../engine/index.ts'
import { Rules } from './rules.ts'
import type { CalleeRule, FlowTestScript, SoundRule } from './script.ts'
import { ScriptedCaller } from './scripted-caller.ts'

/** How fast a voice speaks, and what a file lasts of which the script says nothing. Milliseconds. */
const CHARACTER_MS = 60
const FILE_MS = 3_000
const BEEP_MS = 500
const RINGS_MS = 3_000
const TALKS_MS = 30_000
/** How long a machine detector listens. Milliseconds. */
const DETECTS_MS = 3_000

/** What a call tells of itself. */
export interface Witness {
  tell(input: Input): void
  note(who: 'flow' | 'caller' | 'outside', what: string, text?: string): void
  heard(text: string): void
}

/** The call of a test: does on virtual time what a live one does, as the script says. */
export class ScriptedCall {
  readonly #clock: Clock
  readonly #script: FlowTestScript
  readonly #witness: Witness
  readonly #caller: ScriptedCaller
  readonly #sounds: Rules<SoundRule>
  readonly #callees: Rules<CalleeRule>
  #record: Call
  /** What sounds, and how it ends. */
  #sounding: { timer: Timer; stop: () => void } | undefined
  #connecting: Timer | undefined
  #detecting: Timer | undefined

  constructor(clock: Clock, script: FlowTestScript, record: Call, witness: Witness) {
    this.#clock = clock
    this.#script = script
    this.#record = record
    this.#witness = witness
    this.#sounds = new Rules(script.sounds)
    this.#callees = new Rules(script.callees)
    this.#caller = new ScriptedCaller(clock, script.caller ?? [], {
      press: (digit) => {
        witness.note('caller', 'press', digit)
        witness.tell({ type: 'digit', digit })
      },
      hangUp: () => this.#end('remote', 'normal'),
    })
  }

  get record(): Call {
    return this.#record
  }

  get stepsLeft(): number {
    return this.#caller.left
  }

  begin(): void {
    this.#caller.begin()
  }

  /** Carries out a command of the flow; nothing when the call is over. */
  carryOut(command: Command): void {
    if (this.#record.status === 'hangup') return
    const { key } = command
    switch (command.type) {
      case 'answer':
        this.#answer(key)
        break
      case 'say':
        this.#sound('say', command.text, spokenMs(command.text), (outcome) => ({ type: 'played', key, ...outcome }))
        break
      case 'play':
        this.#sound('play', command.sources.join(' '), FILE_MS * command.sources.length, (outcome) => ({
          ...{ type: 'played', key },
          ...outcome,
        }))
        break
      case 'beep':
        this.#sound('beep', 'beep', BEEP_MS, (outcome) => ({ type: 'played', key, ...outcome }))
        break
      case 'send_digits': {
        const { digits, duration_ms, interval_ms } = command
        const lastsMs = digits.length * (duration_ms + interval_ms)
        this.#sound('digits', digits, lastsMs, ({ outcome }) => ({ type: 'digits_sent', key, outcome }))
        break
      }
      case 'echo':
        this.#sound('echo', 'echo', command.duration_ms, ({ outcome }) => ({ type: 'echoed', key, outcome }))
        break
      case 'stop_playing':
        this.#sounding?.stop()
        break
      case 'connect':
        this.#connect(key, command.destinations)
        break
      case 'detect_machine':
        this.#detectMachine(key, command.hangup)
        break
      case 'start_recording':
        this.#startRecording(key, command.format)
        break
      case 'stop_recording':
        this.#witness.note('outside', 'recording_stop')
        this.#later({ type: 'recording_stopped', key })
        break
      case 'hangup':
        this.#end('local', command.reason)
        break
    }
  }

  /** Nothing happens after this. */
  close(): void {
    this.#sounding?.timer.cancel()
    this.#sounding = undefined
    this.#connecting?.cancel()
    this.#detecting?.cancel()
    this.#caller.leave()
  }

  #answer(key: string): void {
    if (this.#record.status !== 'progressing') {
      this.#record = { ...this.#record, status: 'progressing' }
      this.#witness.note('flow', 'answer')
    }
    this.#later({ type: 'answered', key })
  }

  #sound(what: string, text: string, lastsMs: number, told: (outcome: Ended) => Input): void {
    this.#sounding?.stop()
    const rule = this.#sounds.take(({ fits }) => text.includes(fits))
    if (rule?.fails) {
      this.#witness.note('flow', what, `${text} (fails)`)
      this.#later(told({ outcome: 'failed', reason: 'script' }))
      return
    }
    this.#witness.note('flow', what, text)
    this.#witness.heard(text)
    const end = (outcome: Ended) => {
      timer.cancel()
      this.#sounding = undefined
      this.#caller.hears('')
      this.#later(told(outcome))
    }
    const timer = this.#clock.after(rule?.lasts_ms ?? lastsMs, () => end({ outcome: 'finished' }))
    this.#sounding = { timer, stop: () => end({ outcome: 'stopped' }) }
    this.#caller.hears(text)
  }

  #connect(key: string, destinations: readonly Address[]): void {
    const rule = this.#callees.take() ?? {}
    const { outcome = 'talked', rings_ms = RINGS_MS, talks_ms = TALKS_MS, hangup_reason = 'noanswer', issue } = rule
    const whom = destinations.map(({ target, target_name }) => target || target_name).join(', ')
    this.#witness.note('outside', 'connect', whom)
    const ended = (more: object) => {
      this.#witness.note('outside', 'connect_ended', outcome)
      this.#witness.tell({ type: 'connect_ended', key, outcome, ...more })
    }
    this.#connecting = this.#clock.after(rings_ms, () => {
      if (outcome === 'unanswered') return ended({ hangup_reason })
      if (outcome === 'failed') return ended(issue === undefined ? {} : { issue })
      this.#record = { ...this.#record, status: 'progressing' }
      this.#witness.note('outside', 'connect_answered', whom)
      this.#connecting = this.#clock.after(talks_ms, () => ended({}))
    })
  }

  #detectMachine(key: string, hangup: boolean): void {
    const { answered_by: status = 'HUMAN' } = this.#script
    const cause = { HUMAN: 'short_greeting', MACHINE: 'long_greeting', NOTSURE: 'silence' } as const
    this.#witness.note('outside', 'amd', status)
    this.#detecting = this.#clock.after(DETECTS_MS, () =>
      this.#witness.tell({ type: 'machine_detected', key, hangup, status, cause: cause[status] }),
    )
  }

  #startRecording(key: string, format: string): void {
    const { recordings_fail: reason } = this.#script
    this.#witness.note('outside', 'recording_start', reason)
    if (reason !== undefined) {
      this.#later({ type: 'recording_refused', key, reason })
      return
    }
    const name = `call_${this.#record.id}`
    const recording = {
      id: uuidOfName(`recording ${key}`),
      reference_type: 'call',
      reference_id: this.#record.id,
      format,
      recording_name: name,
      filenames: `${name}_in.${format},${name}_out.${format}`,
    } as const
    this.#later({ type: 'recording_started', key, recording })
  }

  #end(by: 'remote' | 'local', reason: Call['hangup_reason']): void {
    if (this.#record.status === 'hangup') return
    this.#record = { ...this.#record, status: 'hangup', hangup_by: by, hangup_reason: reason }
    this.#witness.note(by === 'local' ? 'flow' : 'caller', 'hangup', reason)
    this.close()
    this.#later({ type: 'hungup' })
  }

  /** In the next turn: never from inside a command. */
  #later(input: Input): void {
    this.#clock.after(0, () => this.#witness.tell(input))
  }
}

type Ended = { outcome: 'finished' | 'stopped' } | { outcome: 'failed'; reason: string }

/** About how long a voice speaks a text; markup is not spoken. */
function spokenMs(text: string): number {
  return Math.max(BEEP_MS, text.replaceAll(/<[^>]*>/g, '').length * CHARACTER_MS)
}

/** The record of a call that exists in a test only. */
export function testedCall(id: string, customer_id: string, script: FlowTestScript, tm_create: string): Call {
  const { direction = 'incoming' } = script
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
    source: script.source ?? { type: 'tel', target: '+15550100001' },
    destination: script.destination ?? { type: 'tel', target: '+15550100002' },
    status: direction === 'incoming' ? 'ringing' : 'progressing',
    action: { id: NIL_UUID, next_id: NIL_UUID, type: '' },
    metadata: {},
    direction,
    mute_direction: '',
    hangup_by: '',
    hangup_reason: '',
    tm_ringing: null,
    tm_progressing: null,
    tm_hangup: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}
