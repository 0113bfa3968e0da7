/** How long the interpreter takes for one step of a menu: `flow.step_us`, against a plain loop over the same actions. */
import { NIL_UUID } from '#platform/ids'
import { systemClock } from '#platform/time'
import type { Action } from '../flow.ts'
import { begin, type FlowState, step } from './index.ts'

const WARM_UP = 2_000
const RUNS = 20_000

const id = (number: number) => `10000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
const make = (number: number, type: string, option?: Record<string, unknown>): Action => ({
  id: id(number),
  next_id: NIL_UUID,
  type,
  ...(option ? { option } : {}),
})

const greeting = ['$', '{name}'].join('')
const MENU: readonly Action[] = [
  make(1, 'variable_set', { key: 'name', value: 'Almon' }),
  make(2, 'talk', { text: `Welcome, ${greeting}. Press 1.`, language: 'en-US' }),
  make(3, 'digits_receive', { duration: 10_000, length: 1 }),
  make(4, 'branch', { target_ids: { '1': id(6) }, default_target_id: id(2) }),
  make(5, 'stop'),
  make(6, 'echo', { duration: 20_000 }),
  make(7, 'hangup'),
]

/** Inputs that take a caller through the menu. */
const STEPS = 5

function playThrough(now_ms: number): FlowState {
  let state = begin({
    activeflow_id: id(100),
    customer_id: id(101),
    flow_id: id(102),
    reference_type: 'call',
    actions: MENU,
    call: { answered: true, over: false },
    tm_create: '2026-01-02T03:04:05.000000Z',
  })
  const key = () => state.awaited[0]?.key ?? ''
  const at = { now_ms }
  state = step(state, { type: 'start' }, at).state
  state = step(state, { type: 'played', key: key(), outcome: 'finished' }, at).state
  state = step(state, { type: 'digit', digit: '1' }, at).state
  state = step(state, { type: 'echoed', key: key(), outcome: 'finished' }, at).state
  return step(state, { type: 'hungup' }, at).state
}

/** The least that any interpreter does: copy state and options for each step. */
function copyThrough(): number {
  let copied = 0
  for (let at = 0; at < STEPS; at++) copied += Object.keys({ ...MENU[at], option: { ...MENU[at]?.option } }).length
  return copied
}

/** Microseconds per step: mean and p99 of whole runs. */
function measure(run: () => unknown): { value: number; p99: number } {
  for (let at = 0; at < WARM_UP; at++) run()
  const times = Float64Array.from({ length: RUNS }, () => {
    const startedMs = systemClock.monotonicMs()
    run()
    return ((systemClock.monotonicMs() - startedMs) * 1_000) / STEPS
  }).sort()
  const mean = times.reduce((sum, time) => sum + time, 0) / RUNS
  return { value: round(mean), p99: round(times[Math.floor(RUNS * 0.99)] ?? mean) }
}

const round = (value: number) => Math.round(value * 1_000) / 1_000

/** The row of the bench table. */
export function benchFlowStep() {
  const now_ms = systemClock.wallMs()
  if (playThrough(now_ms).ended_reason !== 'call_hungup') throw new Error('the caller did not get through the menu')
  const baseline = measure(copyThrough)
  const { value, p99 } = measure(() => playThrough(now_ms))
  return {
    name: 'flow.step_us',
    value,
    unit: 'us',
    p99,
    baseline: { name: 'copy each action', value: baseline.value },
    ratio: round(value / baseline.value),
  }
}

if (import.meta.main) console.log(JSON.stringify(benchFlowStep()))
