import { type Action, begin, type Command, type FlowState, type Input, step } from '#managers/flow'
import { NIL_UUID } from '#platform/ids'
import { row } from '../row.ts'
import type { Suite } from '../suite.ts'

const MEASURE_MS = 700
const CONTEXT = { now_ms: 1_767_323_045_000 }

/** The pure flow engine: no platform is needed. */
export const flow: Suite = {
  rows: ['flow.step_us'],
  async run() {
    const steps = timed(() => walkMenu().steps)
    const { state } = walkMenu()
    const written = timed(() => JSON.stringify(state).length && 1)
    return [
      row(
        'flow.step_us',
        steps,
        'µs',
        'one input of a caller who goes through the sample menu, eleven actions, at its end',
        {
          baseline: { name: 'JSON.stringify of the state', value: written },
        },
      ),
    ]
  },
}

/** Microseconds per unit of what `run` says it did; warmed up for as long as it is measured. */
function timed(run: () => number): number {
  for (const endMs = performance.now() + MEASURE_MS; performance.now() < endMs; ) run()
  const startMs = performance.now()
  let done = 0
  while (performance.now() < startMs + MEASURE_MS) done += run()
  return ((performance.now() - startMs) * 1_000) / done
}

function id(number: number): string {
  return `10000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

function action(number: number, type: string, option?: Record<string, unknown>): Action {
  return { id: id(number), next_id: NIL_UUID, type, ...(option ? { option } : {}) }
}

const MENU: Action[] = [
  action(1, 'answer'),
  action(2, 'variable_set', { key: 'greeting', value: 'Welcome' }),
  action(3, 'condition_variable', {
    ...{
      condition: '==',
      variable: 'greeting',
      value_type: 'string',
      value_string: 'Welcome',
      false_target_id: id(11),
    },
  }),
  action(4, 'talk', { text: `\${greeting} to Strowger. Press 1 for an echo test.`, language: 'en-US' }),
  action(5, 'digits_receive', { duration: 10_000, length: 1 }),
  action(6, 'branch', { target_ids: { '1': id(8) }, default_target_id: id(11) }),
  action(7, 'goto', { target_id: id(4), loop_count: 2 }),
  action(8, 'talk', { text: 'You pressed one.', language: 'en-US' }),
  action(9, 'echo', { duration: 20_000 }),
  action(10, 'sleep', { duration: 1_000 }),
  action(11, 'hangup'),
]

/** From the answer to the end, as a caller who presses 1. */
function walkMenu(): { steps: number; state: FlowState } {
  let state = begin({
    ...{ activeflow_id: id(0xaf), customer_id: id(0xc), flow_id: id(0xf), reference_type: 'call' as const },
    ...{ actions: MENU, call: { answered: false, over: false }, tm_create: '2026-01-02T03:04:05.000000Z' },
  })
  let next: Input | undefined = { type: 'start' }
  let steps = 0
  while (next) {
    const stepped = step(state, next, CONTEXT)
    steps++
    state = stepped.state
    next = stepped.commands.map(outcomeOf).find((input) => input !== undefined)
  }
  if (state.status !== 'ended') throw new Error(`the menu stopped at ${JSON.stringify(state.current)}`)
  return { steps, state }
}

/** What the outside says to a command. */
function outcomeOf(command: Command): Input | undefined {
  const { key } = command
  switch (command.type) {
    case 'answer':
      return { type: 'answered', key }
    case 'say':
      return { type: 'played', key, outcome: 'finished' }
    case 'timer':
      return command.after_ms === 10_000 ? { type: 'digit', digit: '1' } : { type: 'timer', key }
    case 'echo':
      return { type: 'echoed', key, outcome: 'finished' }
    case 'hangup':
      return { type: 'hungup' }
    default:
      return undefined
  }
}
