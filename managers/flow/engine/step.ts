import { NIL_UUID } from '#platform/ids'
import { timestamp } from '#platform/time'
import type { ActionContext, AnyAction } from '../actions/define-action.ts'
import { actions } from '../actions/index.ts'
import type { ActionRun, EndedReason, ReferenceType } from '../activeflow.ts'
import { ACTION_ID_FINISH, type Action } from '../flow.ts'
import type { Command, Effect, Input } from './command.ts'
import { chooseNext, resolve } from './cursor.ts'
import { LONGEST_SHOWN_VALUE, MOST_COMPLETIONS, MOST_STACKS, MOST_STEPS } from './limits.ts'
import type { Outcome } from './outcome.ts'
import type { Awaited, FlowState } from './state.ts'
import { SubstitutionTooLarge, substitute } from './substitute.ts'
import {
  DIGITS,
  machineVariables,
  readVariable,
  recordingVariables,
  variableOf,
  writable,
  writableByPlatform,
  writeRefusal,
} from './variables.ts'

/** What the interpreter knows besides state and input. */
export interface StepContext {
  /** Wall time, milliseconds since 1970. */
  now_ms: number
  /** Names whose value is made when they are read; `undefined` = unknown here too. */
  dynamic?: (name: string) => string | undefined
}

/** The cursor moved: what was left behind and where it stands now. */
export interface Move {
  /** The action that was left, for the history; absent at an end that leaves none. */
  executed?: ActionRun
  current: ActionRun
}

/** What an input came to. */
export interface Stepped {
  state: FlowState
  /** What to do outside, in order. */
  commands: Command[]
  /** Each is announced. */
  moves: Move[]
  /** Whether the input meant anything: a stale or duplicate one changes nothing. */
  accepted: boolean
}

/**
 * The interpreter: where an execution goes from here when this happens, and what has to be done outside. Pure: it
 * neither waits nor asks, and the given state stays as it is.
 */
export function step(state: FlowState, input: Input, context: StepContext): Stepped {
  const run = new Run(state, context)
  const accepted = run.take(input)
  return { state: run.state, commands: run.commands, moves: run.moves, accepted }
}

/** One call of `step`: the state as it becomes. Only whole values are replaced, never changed inside. */
class Run {
  readonly state: FlowState
  readonly commands: Command[] = []
  readonly moves: Move[] = []
  readonly #context: StepContext

  constructor(state: FlowState, context: StepContext) {
    this.state = { ...state }
    this.#context = context
  }

  /** Whether the input meant anything. */
  take(input: Input): boolean {
    const { state } = this
    if (state.status === 'ended') return false
    switch (input.type) {
      case 'start':
        return this.#start()
      case 'stop':
        this.#end(input.reason)
        return true
      case 'hungup':
        if (!state.call || state.call.over) return false
        state.call = { ...state.call, over: true }
        if (state.awaited.some(({ type }) => type === 'detect_machine'))
          this.#write(machineVariables('HANGUP', 'hangup'))
        this.#end('call_hungup')
        return true
      case 'continue':
        if (!state.parked || (input.action_id !== undefined && input.action_id !== state.current.id)) return false
        state.parked = false
        this.#advance()
        return true
      case 'answered':
        if (!state.call || state.call.over) return false
        state.call = { ...state.call, answered: true }
        state.awaited = state.awaited.filter(({ type }) => type !== 'answer')
        this.#tell(input)
        return true
      case 'recording_started': {
        this.#write(recordingVariables(input.recording)) // whoever asked for it: the flow or the API
        if (this.#settle(input.key)) this.#tell(input)
        return true
      }
      case 'machine_detected': {
        this.#write(machineVariables(input.status, input.cause))
        if (input.hangup && input.status === 'MACHINE') this.#do([{ type: 'hangup', reason: 'amd' }])
        if (this.#settle(input.key)) this.#tell(input)
        return true
      }
      case 'digit':
        if (this.#definition()?.takesDigits && state.awaited.length > 0) this.#tell(input)
        else this.#write({ [DIGITS]: input.digit })
        return true
      default: {
        if (!this.#settle(input.key)) return false
        if (input.type === 'connect_ended' && input.outcome === 'talked' && state.call)
          state.call = { ...state.call, answered: true }
        if (input.type === 'flow_fetched' && state.stacks.length === 0) this.#load(input)
        else this.#tell(input)
        return true
      }
    }
  }

  /** Whether this key was waited for; not any more. */
  #settle(key: string): boolean {
    const { awaited } = this.state
    this.state.awaited = awaited.filter((command) => command.key !== key)
    return this.state.awaited.length < awaited.length
  }

  #start(): boolean {
    const { state } = this
    if (state.execute_count > 0 || state.awaited.length > 0) return false
    if (state.stacks.length === 0) this.#do([{ type: 'fetch_flow', flow_id: state.flow_id }], true)
    else this.#advance()
    return true
  }

  /** The flow that it begins with has been read. */
  #load(input: Input & { type: 'flow_fetched' }) {
    const { state } = this
    if (!input.flow) return this.#end('flow_not_found', state.flow_id)
    state.stacks = [{ actions: input.flow.actions, return_action_id: '', gotos: {} }]
    state.on_complete_flow_id = input.flow.on_complete_flow_id
    this.#advance()
  }

  /** Gives an input to the action that waits. */
  #tell(input: Input) {
    const definition = this.#definition()
    if (!definition?.on) return
    const { memory, current } = this.state
    if (this.#follow(definition, definition.on(memory, input, current.option ?? {}, this.#actionContext())))
      this.#advance()
  }

  /** Goes on from action to action until one waits or the flow ends. */
  #advance() {
    for (;;) {
      if (this.state.execute_count > MOST_STEPS) return this.#end('step_limit', `more than ${MOST_STEPS} steps`)
      if (!this.#next()) return this.#end('finished')
      const definition = this.#definition()
      if (!definition) return this.#end('action_failed', `action_unknown: ${this.state.current.type}`)
      if (!this.#execute(definition)) return
    }
  }

  /** Moves the cursor; false at the end of the flow. */
  #next(): boolean {
    const { state } = this
    const place = chooseNext(state)
    const executed = state.current
    state.execute_count++
    state.forward = null
    state.memory = null
    state.awaited = []
    if (place) {
      if (place.stack < state.stacks.length - 1) state.stacks = state.stacks.slice(0, place.stack + 1)
      const { id, next_id, type, option } = place.action
      state.current = { id, next_id, type, ...(option ? { option } : {}), tm_execute: null }
    } else {
      state.current = { id: ACTION_ID_FINISH, next_id: NIL_UUID, type: '', tm_execute: null }
    }
    this.moves.push({ executed, current: state.current })
    return place !== undefined
  }

  /** Runs the current action; true = go on with the next. */
  #execute(definition: AnyAction): boolean {
    const skip = skipCause(definition, this.state)
    if (skip) return this.#note({ result: 'skipped', cause: skip })
    let options: unknown
    try {
      const { value, unresolved } = substitute(this.state.current.option ?? {}, (name) => this.#variable(name))
      options = value
      this.#note({
        tm_execute: timestamp(this.#context.now_ms),
        ...(Object.keys(value).length > 0 ? { option: value } : {}),
        ...(unresolved.length > 0 ? { unresolved } : {}),
      })
    } catch (error) {
      if (!(error instanceof SubstitutionTooLarge)) throw error
      return this.#follow(definition, { go: 'fail', cause: 'options_too_large' })
    }
    // what is no known word is for the action to judge; a wrong type or form is a failure
    const fault = definition.faults(options).find(({ keyword }) => keyword !== 'enum')
    if (fault)
      return this.#follow(definition, { go: 'fail', cause: `option_invalid: ${fault.pointer.slice(1)} ${fault.issue}` })
    return this.#follow(definition, definition.start(options, this.#actionContext()))
  }

  /** Carries out what an action decided; true = go on with the next. */
  #follow(definition: AnyAction, outcome: Outcome): boolean {
    const { state } = this
    this.#write(outcome.set)
    this.#do(outcome.effects ?? [], outcome.go === 'wait')
    switch (outcome.go) {
      case 'next':
        return outcome.note === undefined || this.#note({ cause: outcome.note })
      case 'stay':
        return false
      case 'wait':
        state.memory = outcome.memory
        return false
      case 'park':
        state.parked = true
        return false
      case 'push':
        return this.#push(outcome.actions)
      case 'count': {
        const stack = state.stacks.at(-1)
        const left = stack?.gotos[state.current.id] ?? outcome.times
        if (!stack || left <= 0) return true
        state.stacks = state.stacks.with(-1, { ...stack, gotos: { ...stack.gotos, [state.current.id]: left - 1 } })
        return this.#jump(definition, outcome.target_id)
      }
      case 'jump':
        return this.#jump(definition, outcome.target_id)
      case 'end':
        this.#end(outcome.reason)
        return false
      case 'fail':
        this.#note({ result: 'failed', cause: outcome.cause })
        if (definition.onFailure === 'next') return true
        this.#end('action_failed', `${definition.type}: ${outcome.cause}`)
        return false
    }
  }

  #jump(definition: AnyAction, target_id: string): boolean {
    const place = resolve(this.state.stacks, this.state.stacks.length - 1, target_id)
    if (!place) return this.#follow(definition, { go: 'fail', cause: `target_unknown: ${target_id}` })
    this.state.forward = { stack: place.stack, action_id: target_id }
    return true
  }

  #push(list: readonly Action[]): boolean {
    const { state } = this
    const first = list[0]
    if (!first) return true
    if (state.stacks.length >= MOST_STACKS) {
      this.#end('stack_limit', `more than ${MOST_STACKS} stacks inside each other`)
      return false
    }
    state.stacks = [...state.stacks, { actions: list, return_action_id: state.current.id, gotos: {} }]
    state.forward = { stack: state.stacks.length - 1, action_id: first.id }
    return true
  }

  /** The end, with what has to follow it: the call's end and the on-complete flow. */
  #end(reason: EndedReason, detail = '') {
    const { state } = this
    const details = detail === '' ? [] : [detail]
    state.status = 'ended'
    state.ended_reason = reason
    state.awaited = []
    state.parked = false
    state.forward = null
    const effects: Effect[] = []
    if (state.call && !state.call.over) effects.push({ type: 'hangup', reason: 'normal' })
    if (state.on_complete_flow_id !== NIL_UUID && reason !== 'account_closed') {
      if (state.complete_count + 1 < MOST_COMPLETIONS)
        effects.push({ type: 'complete', flow_id: state.on_complete_flow_id })
      else details.push(`on-complete flow not started: more than ${MOST_COMPLETIONS} in a chain`)
    }
    state.ended_detail = details.join('; ')
    this.#do(effects)
    if (reason !== 'finished') this.moves.push({ current: state.current })
  }

  /** Gives effects their keys; those that are waited for are kept until their outcome comes. */
  #do(effects: readonly Effect[], awaitedToo = false) {
    const { state } = this
    for (const effect of effects) {
      state.step++
      const command: Command = { ...effect, key: `${state.activeflow_id}:${state.step}` }
      this.commands.push(command)
      if (!awaitedToo) continue
      const awaited: Awaited =
        command.type === 'timer' ? { ...command, due_ms: this.#context.now_ms + command.after_ms } : command
      state.awaited = [...state.awaited, awaited]
    }
  }

  #write(set: Readonly<Record<string, string>> | undefined) {
    if (!set || Object.keys(set).length === 0) return
    const { state } = this
    state.variables = { ...state.variables, ...set }
    const shown = Object.entries(set).map(([name, value]) => [name, value.slice(0, LONGEST_SHOWN_VALUE).toWellFormed()])
    this.#note({ variables: { ...state.current.variables, ...Object.fromEntries(shown) } })
  }

  /** Adds to what is known of the current action; the announcement of its move says it too. */
  #note(about: Partial<ActionRun>): true {
    const { state } = this
    state.current = { ...state.current, ...about }
    const move = this.moves.at(-1)
    if (move) move.current = state.current
    return true
  }

  #definition(): AnyAction | undefined {
    return actions.get(this.state.current.type)
  }

  #variable(name: string): string | undefined {
    return readVariable(name, (plain) => variableOf(this.state.variables, plain) ?? this.#context.dynamic?.(plain))
  }

  #actionContext(): ActionContext {
    const { state } = this
    return {
      now_ms: this.#context.now_ms,
      activeflow_id: state.activeflow_id,
      reference_type: state.reference_type,
      reference_id: state.reference_id,
      answered: state.call ? state.call.answered : undefined,
      free_only: state.free_only === true,
      variable: (name) => this.#variable(name),
      writeRefusal: (name, value) => writeRefusal(state.variables, name, value),
      writable: (values) => writable(state.variables, values),
      writableByPlatform: (values) => writableByPlatform(state.variables, values),
    }
  }
}

/** The media gate (`flows.md` §5): why this action does not run in this execution; `undefined` = it runs. */
function skipCause({ needs }: AnyAction, state: FlowState): string | undefined {
  if (needs === 'any') return undefined
  const kind = referenceKind(state.reference_type)
  if (needs !== kind) return needs === 'call' ? 'needs_call' : 'needs_no_call'
  return state.call?.over ? 'call_over' : undefined
}

function referenceKind(type: ReferenceType): 'call' | 'no_call' | 'none' {
  if (type === 'call') return 'call'
  return type === '' ? 'none' : 'no_call'
}
