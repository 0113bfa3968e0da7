import { type Action, begin, type Command, type FlowState, type Input, step } from '#managers/flow'
import { NIL_UUID } from '#platform/ids'
import { pause } from '#testkit'
import { commitMs } from '../commit.ts'
import { type Row, row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Suite } from '../suite.ts'

const MEASURE_MS = 700
const CONTEXT = { now_ms: 1_767_323_045_000 }

/** Executions at once, and steps of each; a step waits for a timer of a millisecond, so that each is written for itself. */
const EXECUTIONS = 40
const STEPS = 20
const LOOK_MS = 50

/** The flow engine alone, for which no platform is needed, and with its rows and events. */
export const flow: Suite = {
  rows: ['flow.step_us', 'flow.step_durable_us'],
  async run(getStage, wanted) {
    return [
      ...(wanted('flow.step_us') ? [pureStep()] : []),
      ...(wanted('flow.step_durable_us') ? [await durableStep(await getStage())] : []),
    ]
  },
}

function pureStep(): Row {
  const steps = timed(() => walkMenu().steps)
  const { state } = walkMenu()
  const written = timed(() => JSON.stringify(state).length && 1)
  const method = 'one input of a caller who goes through the sample menu, eleven actions, at its end'
  return row('flow.step_us', steps, 'µs', method, { baseline: { name: 'JSON.stringify of the state', value: written } })
}

async function durableStep(stage: Stage): Promise<Row> {
  const sleep = { type: 'sleep', option: { duration: 1 } }
  const { id } = await stage.api('POST', '/flows', { name: 'bench', detail: '', actions: Array(STEPS).fill(sleep) })
  await play(stage, id) // warm
  const { result: tookMs, each } = await stage.processorTime(
    () => play(stage, id),
    () => EXECUTIONS * STEPS,
  )
  const method = `${EXECUTIONS} executions at once of ${STEPS} steps each, from POST /v1.0/activeflows to the last end on disk, each step with its row, its history and its event; ${each}`
  const baseline = { name: 'one commit on the same PostgreSQL', value: (await commitMs(stage.database())) * 1_000 }
  return row('flow.step_durable_us', (tookMs * 1_000) / (EXECUTIONS * STEPS), 'µs', method, { baseline })
}

/** Starts the executions and waits until all have ended; gives how long that took, milliseconds. */
async function play(stage: Stage, flow_id: string): Promise<number> {
  const startMs = performance.now()
  const started = await Promise.all(
    Array.from({ length: EXECUTIONS }, () => stage.api('POST', '/activeflows', { flow_id })),
  )
  for (const { id } of started)
    while ((await stage.api<{ status: string }>('GET', `/activeflows/${id}`)).status !== 'ended') await pause(LOOK_MS)
  return performance.now() - startMs
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
