import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LaneTable } from '../lane.ts'
import { type PlannedRow, planBatch } from './plan.ts'

const columns = { id: 'bigint', value: 'bigint' }
const save: LaneTable = { name: 'teas', columns, mode: 'upsert', key: ['id'] }
const remove: LaneTable = { name: 'teas', columns: { id: 'bigint' }, mode: 'delete', key: ['id'] }
const log: LaneTable = { name: 'log', columns, mode: 'append', key: [] }

function row(table: LaneTable, id: number, value = 0): PlannedRow {
  return { table, json: JSON.stringify({ id, value }), key: table.key.length > 0 ? JSON.stringify([id]) : '' }
}

function shape(rows: PlannedRow[]) {
  return planBatch(rows).map(({ table, rows }) => `${table.mode} ${table.name} ${rows.length}`)
}

test('many writes of a batch become one statement per table, of the same row only the last', () => {
  const rows = [row(save, 1, 1), row(log, 1), row(save, 2, 1), row(save, 1, 2), row(log, 2)]
  assert.deepEqual(shape(rows), ['upsert teas 2', 'append log 2'])
  assert.deepEqual(
    planBatch(rows)[0]?.rows.map((json) => JSON.parse(json)),
    [
      { id: 1, value: 2 },
      { id: 2, value: 1 },
    ],
  )
})

test('nothing that is appended is ever left out, twice the same included', () => {
  assert.deepEqual(shape([row(log, 1), row(log, 1), row(log, 1)]), ['append log 3'])
})

test('a row that is saved and then removed is removed; one that is removed and then saved is there', () => {
  assert.deepEqual(shape([row(save, 1), row(remove, 1)]), ['upsert teas 1', 'delete teas 1'])
  assert.deepEqual(shape([row(remove, 1), row(save, 1)]), ['delete teas 1', 'upsert teas 1'])
})

test('whatever the order of writes, the planned statements leave the same table as the writes one by one', () => {
  const step = fc.record({
    table: fc.constantFrom(save, remove, log),
    id: fc.integer({ min: 1, max: 3 }),
    value: fc.nat(9),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const rows = steps.map(({ table, id, value }) => row(table, id, value))
      const one = apply(rows.map(({ table, json }) => ({ table, rows: [json] })))
      assert.deepEqual(apply(planBatch(rows)), one)
    }),
  )
})

/** What the statements mean, on tables in memory. */
function apply(statements: { table: LaneTable; rows: string[] }[]) {
  const teas = new Map<number, number>()
  const logged: string[] = []
  for (const { table, rows } of statements)
    for (const json of rows) {
      const { id, value } = JSON.parse(json) as { id: number; value: number }
      if (table === log) logged.push(json)
      else if (table === save) teas.set(id, value)
      else teas.delete(id)
    }
  return { teas: [...teas].sort(), logged }
}
