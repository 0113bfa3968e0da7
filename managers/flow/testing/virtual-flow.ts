import { NIL_UUID } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { type Beginning, begin, type Command, type FlowState, type Input, type Move, step } from '../engine/index.ts'
import type { Action } from '../flow.ts'

/** A foreseeable id: `uuid(1)` is the same everywhere in a test. */
export function uuid(number: number): string {
  return `10000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** An action as it is kept. */
export function action(number: number, type: string, option?: Record<string, unknown>, next?: number): Action {
  return {
    id: uuid(number),
    next_id: next === undefined ? NIL_UUID : uuid(next),
    type,
    ...(option ? { option } : {}),
  }
}

/** An execution on virtual time: commands are collected, timers fall due when the clock is turned. */
export class VirtualFlow {
  readonly clock = new ManualClock()
  readonly commands: Command[] = []
  readonly moves: Move[] = []
  state: FlowState

  constructor(actions: readonly Action[] | undefined, more: Partial<Beginning> = {}) {
    this.state = begin({
      activeflow_id: uuid(0xaf),
      customer_id: uuid(0xc),
      flow_id: uuid(0xf),
      reference_type: 'call',
      call: { answered: true, over: false },
      tm_create: '2026-01-02T03:04:05.000000Z',
      ...(actions ? { actions } : {}),
      ...more,
    })
  }

  /** One without a call. */
  static api(actions: readonly Action[] | undefined, more: Partial<Beginning> = {}): VirtualFlow {
    const flow = new VirtualFlow(actions, { ...more, reference_type: 'api' })
    flow.state = { ...flow.state, call: null }
    return flow
  }

  start(): this {
    this.take({ type: 'start' })
    return this
  }

  /** Gives one input; the state goes through JSON, as it does between two processes. */
  take(input: Input): boolean {
    const before = JSON.stringify(this.state)
    const stepped = step(this.state, input, { now_ms: this.clock.wallMs() })
    if (JSON.stringify(this.state) !== before) throw new Error('the interpreter changed the state that it was given')
    this.state = JSON.parse(JSON.stringify(stepped.state))
    this.moves.push(...stepped.moves)
    for (const command of stepped.commands) {
      this.commands.push(command)
      if (command.type !== 'timer') continue
      const { key } = command
      this.clock.after(command.after_ms, () => this.take({ type: 'timer', key }))
    }
    return stepped.accepted
  }

  /** The last command of this type. */
  last<T extends Command['type']>(type: T): Command & { type: T } {
    const found = this.commands.findLast((command): command is Command & { type: T } => command.type === type)
    if (!found) throw new Error(`no ${type} among ${this.commands.map((command) => command.type).join(', ')}`)
    return found
  }

  /** The sound that was started last has been heard. */
  heard(outcome: 'finished' | 'stopped' | 'failed' = 'finished'): boolean {
    const sound = this.commands.findLast(({ type }) => ['say', 'play', 'beep'].includes(type))
    return this.take({
      type: 'played',
      key: sound?.key ?? '',
      outcome,
      ...(outcome === 'failed' ? { reason: 'gone' } : {}),
    })
  }

  press(digits: string): void {
    for (const digit of digits) this.take({ type: 'digit', digit })
  }

  /** Numbers of the actions that were executed or are current, the start and end left out. */
  get path(): number[] {
    return this.moves
      .filter((move, at) => at === 0 || this.moves[at - 1]?.current.id !== move.current.id || move.executed)
      .map(({ current }) => current.id)
      .filter((id) => id.startsWith('1'))
      .map((id) => Number.parseInt(id.slice(-12), 16))
  }

  get types(): string[] {
    return this.commands.map(({ type }) => type)
  }
}
