import { NOBODY } from '#managers/billing'
import { isEmergency, type LiveCall, type LiveCallInput, presentCall } from '#managers/call'
import { type LaneWrite, WriteFenced, type WriteLanes } from '#platform/db'
import { eventWrite } from '#platform/events'
import type { Ids } from '#platform/ids'
import { Stopwatch } from '#platform/time'
import type { ActionRun, Activeflow } from './activeflow.ts'
import { type Particulars, recordOf, rowOf } from './activeflow-row.ts'
import { executedWrite, type Inheritance, inheritanceOf, type Owner, rowWrite } from './activeflow-store.ts'
import { Effects, type EffectsNeeds } from './effects.ts'
import {
  type Command,
  type FlowState,
  hasBegun,
  type Input,
  leavesPlatform,
  type Move,
  outstanding,
  step,
} from './engine/index.ts'
import { flowEvents } from './events.ts'
import { History, shownRun } from './history.ts'
import type { LiveCallOf } from './needs.ts'
import { childOf } from './on-complete.ts'

/** What every actor of a node shares. */
export interface ActorNeeds extends EffectsNeeds {
  ids: Ids
  lanes: WriteLanes
  owner: Owner
  liveCallOf: LiveCallOf
  /** An on-complete flow that was written together with the end of its parent. */
  onChild(child: ActiveflowActor): void
  /** The end is on disk, or the execution runs elsewhere now. */
  onGone(actor: ActiveflowActor): void
}

/** What an actor begins with. */
export interface ActorOrigin {
  state: FlowState
  particulars: Particulars
  executed_actions?: readonly ActionRun[]
  /** What is written with the first step: the creation. */
  first?: readonly LaneWrite[]
  /** An on-complete flow writes after its parent, so in its lane. */
  laneKey?: string
  /** The call that it is (or was) about. */
  call?: LiveCall
}

/**
 * One execution that is running: takes its inputs one after the other, writes what came of each, and carries out the
 * commands. It alone writes its row.
 */
export class ActiveflowActor {
  readonly #needs: ActorNeeds
  readonly #particulars: Particulars
  readonly #history: History
  readonly #stopwatch: Stopwatch
  readonly #laneKey: string
  readonly #effects: Effects
  #call: LiveCall | undefined
  #first: readonly LaneWrite[]
  #state: FlowState
  #record: Activeflow
  #unsubscribe: (() => void) | undefined
  #written: Promise<void> = Promise.resolve()
  #abandoned = false

  constructor(needs: ActorNeeds, origin: ActorOrigin) {
    this.#needs = needs
    this.#state = origin.state
    this.#particulars = origin.particulars
    this.#history = new History(origin.executed_actions ?? [])
    this.#first = origin.first ?? []
    this.#laneKey = origin.laneKey ?? origin.state.activeflow_id
    this.#call = origin.call
    this.#stopwatch = new Stopwatch(needs.clock)
    this.#record = recordOf(origin.state, origin.particulars, this.#history.runs, null)
    const { spender = NOBODY, travelled } = origin.state
    this.#effects = new Effects(
      needs,
      { ...this.#record, spender, ...(travelled ? { travelled } : {}) },
      () => this.#callToSteer(),
      (input) => this.take(input),
    )
  }

  get id(): string {
    return this.#state.activeflow_id
  }

  /** The record as it is now. */
  get activeflow(): Activeflow {
    return this.#record
  }

  get hasEnded(): boolean {
    return this.#state.status === 'ended'
  }

  /** Whether a live call hangs on it. */
  get holdsCall(): boolean {
    return this.#state.call !== null && !this.#state.call.over
  }

  /** Whether its call is one to the emergency services. */
  get isForHelp(): boolean {
    return this.#call !== undefined && isEmergency(this.#call.snapshot().destination)
  }

  /** Resolves when everything up to now is on disk (or never will be). */
  get settled(): Promise<void> {
    return this.#written
  }

  /** What it leaves to those that follow it. */
  get inheritance(): Inheritance {
    return inheritanceOf(this.#state)
  }

  /** Writes that it exists; it begins when its call is answered. */
  create(): void {
    const writes = this.#first
    this.#first = []
    this.#write(writes)
  }

  /** The call of one that only exists is there: begins on it; where it has ended meanwhile, so does the call. */
  begin(call: LiveCall): void {
    if (this.#abandoned || this.hasEnded) {
      call.hangup('normal')
      return
    }
    this.#call = call
    this.#state = { ...this.#state, call: { answered: call.snapshot().status === 'progressing', over: false } }
    this.run()
  }

  /** Begins, or goes on where another process stopped. */
  run(): void {
    if (this.#state.call && !this.#state.call.over) {
      if (!this.#call) return void this.take({ type: 'stop', reason: 'interrupted' }) // the call went with its process
      this.#unsubscribe = this.#call.subscribe((input) => this.take(inputOf(input)))
    }
    if (hasBegun(this.#state))
      for (const command of outstanding(this.#state, this.#needs.clock.wallMs())) this.#effects.carryOut(command)
    else this.take({ type: 'start' })
  }

  /** One input; false when it means nothing (any more). */
  take(input: Input): boolean {
    if (this.#abandoned) return false
    const context = { now_ms: this.#needs.clock.wallMs(), dynamic: (name: string) => this.#dynamic(name) }
    const { state, commands, moves, accepted } = step(this.#state, input, context)
    if (!accepted) return false
    this.#state = state
    const writes = [...this.#first, ...moves.flatMap((move, at) => this.#announce(move, at === moves.length - 1))]
    this.#first = []
    const children = commands.flatMap((command) => (command.type === 'complete' ? [this.#child(command.flow_id)] : []))
    this.#record = recordOf(state, this.#particulars, this.#history.runs, this.#stopwatch.now())
    writes.push(rowWrite(rowOf(this.#record, state, this.#needs.owner)), ...children.flatMap(({ writes }) => writes))
    this.#write(writes)
    this.#effects.keepTimers(state.awaited)
    if (moves.length > 0 && this.holdsCall && !this.hasEnded)
      this.#call?.setAction(shownAction(shownRun(state.current)))
    for (const command of commands) this.#carryOut(command)
    if (this.hasEnded) this.#unsubscribe?.()
    for (const { actor } of children) this.#needs.onChild(actor)
    return true
  }

  /** Stops without an end: it runs elsewhere, or this process ends and another will go on. */
  abandon(): void {
    this.#abandoned = true
    this.#unsubscribe?.()
    this.#effects.keepTimers([])
  }

  /**
   * What leaves the platform waits until the step that wants it is on disk (decision 61), and is not done any more where the
   * flow has given up waiting meanwhile; what steers the call waits for no disk.
   */
  #carryOut(command: Command): void {
    if (!leavesPlatform(command)) {
      this.#effects.carryOut(command)
      return
    }
    const isAwaited = () => this.#state.awaited.some(({ key }) => key === command.key)
    void this.#written.then(() => {
      if (!this.#abandoned && isAwaited()) this.#effects.carryOut(command)
    })
  }

  /** One that has not begun yet has not been given its call; its end ends the call all the same. */
  #callToSteer(): LiveCall | undefined {
    const { call, reference_id } = this.#state
    return this.#call ?? (call && !call.over ? this.#needs.liveCallOf(reference_id) : undefined)
  }

  /** The writes of one move: what was left goes into the history, where it stands now is announced. */
  #announce({ executed, current }: Move, last: boolean): LaneWrite[] {
    const writes: LaneWrite[] = []
    if (executed) {
      const position = this.#history.runs.length
      writes.push(executedWrite(this.id, position, this.#history.add(executed)))
    }
    const shown: FlowState = last
      ? this.#state
      : { ...this.#state, current, status: 'running', ended_reason: '', ended_detail: '' }
    const record = recordOf(shown, this.#particulars, this.#history.runs, this.#stopwatch.now())
    writes.push(eventWrite(flowEvents.activeflow_updated(record), this.#needs))
    return writes
  }

  #child(flow_id: string): { actor: ActiveflowActor; writes: LaneWrite[] } {
    const { ids, owner } = this.#needs
    const tm_create = this.#stopwatch.now()
    const { state, particulars, row, activeflow } = childOf(this.#state, flow_id, ids.uuid(), tm_create, owner)
    const writes = [rowWrite(row), eventWrite(flowEvents.activeflow_created(activeflow), this.#needs)]
    const call = this.#call ? { call: this.#call } : {}
    return { actor: new ActiveflowActor(this.#needs, { state, particulars, laneKey: this.#laneKey, ...call }), writes }
  }

  #write(writes: readonly LaneWrite[]): void {
    const { lanes, log } = this.#needs
    const ended = this.hasEnded
    this.#written = lanes.write(this.#laneKey, writes).then(
      () => {
        if (ended) this.#needs.onGone(this)
      },
      (error) => {
        const fenced = error instanceof WriteFenced
        log[fenced ? 'warn' : 'error']({ activeflow_id: this.id, error }, 'a step of an activeflow was not written')
        if (fenced) this.abandon()
        if (fenced || ended) this.#needs.onGone(this)
      },
    )
  }

  /** Names whose values are made when they are read (`variables.md` §4.2). */
  #dynamic(name: string): string | undefined {
    if (name === 'voipbin.flow.reference_data')
      return this.#call ? JSON.stringify(presentCall(this.#call.snapshot())) : ''
    if (name === 'voipbin.call.status') return this.#call?.snapshot().status
    return undefined
  }
}

/** What a live call tells, as the interpreter takes it. */
function inputOf(input: LiveCallInput): Input {
  if (input.type === 'digit') return { type: 'digit', digit: input.digit }
  if (input.type === 'hungup') return { type: 'hungup' }
  return input
}

/** The current action as the call shows it. */
function shownAction({ id, next_id, type, option, tm_execute }: ActionRun) {
  return { id, next_id, type, ...(option ? { option } : {}), ...(tm_execute ? { tm_execute } : {}) }
}
