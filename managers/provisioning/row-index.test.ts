import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowIndex } from './row-index.ts'

test('every row is found by its hash while thousands come and go, also those that share one, and no other is', () => {
  const hashes = Array.from({ length: 5_000 }, (_, row) => Math.imul(row % 4_000, 0x9e37_79b1) >>> 0)
  const index = new RowIndex((row) => hashes[row] ?? 0)
  const find = (row: number) => index.find(hashes[row] ?? 0, (each) => each === row)
  const present = new Set<number>()
  const put = (row: number) => {
    index.add(row)
    present.add(row)
  }
  for (let row = 0; row < 5_000; row++) put(row)
  for (let row = 0; row < 5_000; row += 3) {
    index.remove(row)
    present.delete(row)
  }
  index.remove(3)
  for (let row = 0; row < 5_000; row++) assert.equal(find(row), present.has(row) ? row : -1)
  for (let row = 0; row < 5_000; row += 6) put(row)
  for (let row = 0; row < 5_000; row++) assert.equal(find(row), present.has(row) ? row : -1)
})

test('a row that takes the place of another one with the same hash is found, the other one is not', () => {
  const index = new RowIndex((row) => row % 8)
  for (const row of [1, 9, 17]) index.add(row)
  index.replace(9, 25)
  const found = (row: number) => index.find(1, (each) => each === row)
  assert.deepEqual([1, 9, 17, 25].map(found), [1, -1, 17, 25])
  index.remove(25)
  assert.deepEqual([1, 17, 25].map(found), [1, 17, -1])
})
