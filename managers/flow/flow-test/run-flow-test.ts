import { callVariables, presentCall } from '#managers/call'
import { InvariantError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import { type Clock, ManualClock, type Timer, timestamp } from '#platform/time'
import type { ActionRun, EndedReason } from '../activeflow.ts'
import { begin, type Command, type FetchedFlow, type FlowState, type Input, step } from '../engine/index.ts'
import { fetchedActions } from '../fetched-actions.ts'
import type { Action } from '../flow.ts'
import { History, shownRun } from '../history.ts'
import type { WebhookOutcome } from '../needs.ts'
import { childOf } from '../on-complete.ts'
import { Coverage } from './coverage.ts'
import type { FlowTestCoverage, FlowTestMoment, VERDICTS } from './report.ts'
import { Rules } from './rules.ts'
import type { FlowTestScript, OtherRule, RequestRule } from './script.ts'
import { ScriptedCall, testedCall } from './scripted-call.ts'
import { Work } from './work.ts'

/** The flow that is tested. */
export interface TestedFlow {
  id: string
  customer_id: string
  actions: readonly Action[]
  on_complete_flow_id: string
}

/** What a test reaches outside itself. */
export interface FlowTestNeeds {
  ids: Ids
  /** The real one: when a test begins, where the script does not say, and how much it has worked. */
  clock: Clock
  /** Nobody waits for the report any more: the test is given up, with this reason. */
  signal?: AbortSignal
  /** Another flow of the customer, for `fetch_flow` and on-complete flows. */
  flowOf(flow_id: string): Promise<FetchedFlow | undefined>
}

/** What a test showed. */
export interface FlowTestReport {
  verdict: (typeof VERDICTS)[number]
  duration_ms: number
  heard: string[]
  timeline: FlowTestMoment[]
  executions: TestedExecution[]
  coverage: FlowTestCoverage
  caller_steps_left: number
}

interface TestedExecution {
  flow_id: string
  status: 'running' | 'ended'
  ended_reason?: EndedReason
  ended_detail?: string
  current_action: ActionRun
  executed_actions: ActionRun[]
  variables: Record<string, string>
}

/** How long a test goes on, in time of the flow, where the script does not say. Milliseconds. */
const LONGEST_MS = 86_400_000
/** Inputs of one test: far more than any script has keys. */
const MOST_INPUTS = 5_000
/** The longest text of a moment, and all of them together. Characters. */
const LONGEST_TEXT = 2_000
const MOST_TEXT = 512 * 1024

/**
 * Runs a flow against a script, on virtual time and with the interpreter that runs calls. Nothing leaves this function:
 * no request, no call, no row.
 */
export function testFlow(flow: TestedFlow, script: FlowTestScript, needs: FlowTestNeeds): Promise<FlowTestReport> {
  return new FlowTest(flow, script, needs).run()
}

class FlowTest {
  readonly #needs: FlowTestNeeds
  readonly #script: FlowTestScript
  readonly #work: Work
  readonly #clock: ManualClock
  readonly #coverage: Coverage
  readonly #call: ScriptedCall | undefined
  readonly #requests: Rules<RequestRule>
  readonly #timers = new Map<string, Timer>()
  readonly #executions: { state: FlowState; history: History }[] = []
  readonly #timeline: FlowTestMoment[] = []
  readonly #heard: string[] = []
  #text = 0
  #inputs = 0
  /** Flows that are being read. */
  #reading: Promise<unknown> | undefined

  constructor(flow: TestedFlow, script: FlowTestScript, needs: FlowTestNeeds) {
    this.#needs = needs
    this.#script = script
    this.#work = new Work(needs.clock, needs.signal)
    this.#clock = new ManualClock(script.tm_start === undefined ? needs.clock.wallMs() : Date.parse(script.tm_start))
    this.#coverage = new Coverage(flow.actions)
    this.#requests = new Rules(script.requests)
    const { reference_type = 'call', variables } = script
    const tm_create = timestamp(this.#clock.wallMs())
    const call =
      reference_type === 'call' ? testedCall(needs.ids.uuid(), flow.customer_id, script, tm_create) : undefined
    if (call)
      this.#call = new ScriptedCall(this.#clock, script, call, {
        tell: (input) => this.#take(input),
        note: (who, what, text) => this.#note(who, what, text),
        heard: (text) => this.#heard.push(this.#bounded(text)),
      })
    const state = begin({
      activeflow_id: needs.ids.uuid(),
      customer_id: flow.customer_id,
      flow_id: flow.id,
      reference_type,
      on_complete_flow_id: flow.on_complete_flow_id,
      actions: flow.actions,
      tm_create,
      ...(variables ? { injected: variables } : {}),
      ...(call
        ? {
            reference_id: call.id,
            bound: callVariables(call),
            call: { answered: call.status === 'progressing', over: false },
          }
        : {}),
    })
    this.#executions.push({ state, history: new History([]) })
  }

  async run(): Promise<FlowTestReport> {
    this.#take({ type: 'start' })
    this.#call?.begin()
    return this.#report(await this.#play())
  }

  /** Turns the clock until nothing happens any more. */
  async #play(): Promise<FlowTestReport['verdict']> {
    const longestMs = this.#script.longest_ms ?? LONGEST_MS
    for (;;) {
      const reading = this.#reading
      this.#reading = undefined
      if (reading) await this.#work.pause(reading)
      if (this.#inputs > MOST_INPUTS || !(await this.#work.goesOn())) return 'too_busy'
      const nextMs = this.#clock.nextInMs
      if (nextMs === undefined) return this.#state.status === 'ended' ? 'ended' : 'waits'
      if (this.#clock.monotonicMs() + nextMs > longestMs) return 'too_long'
      this.#clock.advanceToNext()
    }
  }

  /** The execution that runs: the last of the chain. */
  get #state(): FlowState {
    return this.#current.state
  }

  get #current(): { state: FlowState; history: History } {
    const last = this.#executions.at(-1)
    if (!last) throw new InvariantError('a test has an execution')
    return last
  }

  #take(input: Input): void {
    if (this.#inputs++ > MOST_INPUTS) return
    const execution = this.#current
    const context = { now_ms: this.#clock.wallMs(), dynamic: (name: string) => this.#dynamic(name) }
    const { state, commands, moves } = step(execution.state, input, context)
    execution.state = state
    for (const move of moves) {
      if (move.executed) execution.history.add(move.executed)
      if (this.#executions.length === 1) this.#coverage.note(move)
    }
    this.#keepTimers(state)
    for (const command of commands) this.#carryOut(command)
  }

  #keepTimers(state: FlowState): void {
    for (const [key, timer] of this.#timers) {
      if (state.awaited.some((each) => each.key === key)) continue
      timer.cancel()
      this.#timers.delete(key)
    }
    if (state.parked && this.#script.continue_after_ms !== undefined)
      this.#after('continue', this.#script.continue_after_ms, () => this.#take({ type: 'continue' }))
  }

  #carryOut(command: Command): void {
    const { key } = command
    switch (command.type) {
      case 'timer':
        this.#after(key, command.after_ms, () => this.#take({ type: 'timer', key }))
        break
      case 'send_webhook':
        this.#request(command.uri, command, command.sync, (outcome) =>
          this.#take({ type: 'webhook_sent', key, outcome }),
        )
        break
      case 'fetch_actions':
        this.#request(command.url, command, true, (answer) =>
          this.#take({ type: 'actions_fetched', key, outcome: fetchedActions(answer, this.#needs.ids) }),
        )
        break
      case 'ask':
        this.#ask(command)
        break
      case 'fetch_flow':
        this.#read(command)
        break
      case 'place_calls':
        this.#placeCalls(command)
        break
      case 'complete':
        this.#follow(command.flow_id)
        break
      default:
        this.#call?.carryOut(command)
    }
  }

  /** The on-complete flow begins in the next turn, as the execution that counts from then on. */
  #follow(flow_id: string): void {
    const ended = this.#state
    this.#clock.after(0, () => {
      const { ids } = this.#needs
      const { state } = childOf(ended, flow_id, ids.uuid(), timestamp(this.#clock.wallMs()), {
        node: '',
        incarnation: '',
      })
      this.#executions.push({ state, history: new History([]) })
      this.#note('flow', 'on_complete', flow_id)
      this.#take({ type: 'start' })
    })
  }

  #placeCalls({ key, destinations }: Command & { type: 'place_calls' }): void {
    const { calls_fail: cause } = this.#script
    this.#note('outside', 'call', destinations.map(({ target }) => target).join(', '))
    const outcome = cause === undefined ? { ok: true as const, skipped: [] } : { ok: false as const, cause }
    this.#after(key, 0, () => this.#take({ type: 'calls_placed', key, outcome }))
  }

  #request(
    uri: string,
    { key, method, data }: { key: string; method: string; data: string },
    sync: boolean,
    tell: (outcome: WebhookOutcome) => void,
  ): void {
    this.#note('outside', 'request', `${method} ${uri} ${data}`)
    const rule = sync ? this.#requests.take((each) => each.uri === undefined || each.uri === uri) : undefined
    const { status = 200, body = '', after_ms = 0, fails } = rule ?? {}
    const outcome: WebhookOutcome = fails === undefined ? { ok: true, status, body } : { ok: false, cause: fails }
    this.#after(key, after_ms, () => tell(outcome))
  }

  #ask({ key, action }: Command & { type: 'ask' }): void {
    const rule: OtherRule = this.#script.others?.[action] ?? { cause: `action_not_available: ${action}` }
    const { set = {}, cause, after_ms = 0 } = rule
    this.#note('outside', action, cause)
    const outcome = cause === undefined ? { ok: true as const, set } : { ok: false as const, cause }
    this.#after(key, after_ms, () => this.#take({ type: 'asked', key, outcome }))
  }

  #read({ key, flow_id }: Command & { type: 'fetch_flow' }): void {
    this.#reading = this.#needs
      .flowOf(flow_id)
      .then((flow) => this.#clock.after(0, () => this.#take({ type: 'flow_fetched', key, flow })))
  }

  #after(key: string, ms: number, run: () => void): void {
    this.#timers.get(key)?.cancel()
    this.#timers.set(key, this.#clock.after(ms, run))
  }

  #dynamic(name: string): string | undefined {
    if (name === 'voipbin.flow.reference_data') return this.#call ? JSON.stringify(presentCall(this.#call.record)) : ''
    if (name === 'voipbin.call.status') return this.#call?.record.status
    return undefined
  }

  #note(who: FlowTestMoment['who'], what: string, text?: string): void {
    const at_ms = Math.round(this.#clock.monotonicMs())
    const shown = text === undefined ? '' : this.#bounded(text)
    this.#timeline.push({ at_ms, who, what, ...(shown === '' ? {} : { text: shown }) })
  }

  /** As much of a text as the report has room for. */
  #bounded(text: string): string {
    const most = Math.max(0, Math.min(LONGEST_TEXT, MOST_TEXT - this.#text))
    const shown = text.length > most ? text.slice(0, most).toWellFormed() : text
    this.#text += shown.length
    return shown
  }

  #report(verdict: FlowTestReport['verdict']): FlowTestReport {
    return {
      verdict,
      duration_ms: Math.round(this.#clock.monotonicMs()),
      heard: this.#heard,
      timeline: this.#timeline,
      executions: this.#executions.map(({ state, history }) => ({
        flow_id: state.flow_id,
        status: state.status,
        ...(state.ended_reason === '' ? {} : { ended_reason: state.ended_reason }),
        ...(state.ended_detail === '' ? {} : { ended_detail: state.ended_detail }),
        current_action: shownRun(state.current),
        executed_actions: history.runs,
        variables: { ...state.variables },
      })),
      coverage: this.#coverage.report(),
      caller_steps_left: this.#call?.stepsLeft ?? 0,
    }
  }
}
