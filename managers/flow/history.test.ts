import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import type { ActionRun } from './activeflow.ts'
import { History, shownRun } from './history.ts'

const run = (option: Record<string, unknown>): ActionRun => ({
  id: NIL_UUID,
  next_id: NIL_UUID,
  type: 'talk',
  option,
  tm_execute: null,
})

test('an action of ordinary length is shown as it is', () => {
  const short = run({ text: 'x'.repeat(30_000) })
  assert.equal(shownRun(short), short)
})

test('an action longer than anybody reads is shown without its options, and its cause stays whole text', () => {
  const long = { ...run({ text: 'x'.repeat(40_000) }), unresolved: ['a'], cause: `${'c'.repeat(999)}😀` }
  const { option, unresolved, cause, type } = shownRun(long)
  assert.deepEqual([option, unresolved, type], [undefined, undefined, 'talk'])
  assert.equal(cause?.length, 1_000)
  assert.ok(cause.isWellFormed())
})

test('a history of a hundred long actions stays short, keeps every action, and the early ones whole', () => {
  const history = new History([])
  for (let step = 0; step < 100; step++) history.add(run({ text: `${step} ${'x'.repeat(20_000)}` }))
  assert.equal(history.runs.length, 100)
  assert.ok(history.runs[0]?.option)
  assert.equal(history.runs.at(-1)?.option, undefined)
  assert.ok(JSON.stringify(history.runs).length < 160 * 1024)
})

test('a history that is read back goes on within the same bound', () => {
  const history = new History(new Array(6).fill(run({ text: 'x'.repeat(20_000) })))
  assert.equal(history.add(run({ text: 'x'.repeat(20_000) })).option, undefined)
  assert.ok(history.add(run({ text: 'short' })).option)
})
