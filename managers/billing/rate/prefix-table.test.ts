import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrefixTable } from './prefix-table.ts'

function tableOf(prefixes: readonly string[]): PrefixTable {
  const table = new PrefixTable(0)
  for (const prefix of [...new Set(prefixes)].sort()) table.add(prefix, 0, prefix.length, 60)
  return table
}

test('the longest prefix of a number decides, whatever prefixes there are', () => {
  const digits = (maxLength: number) => fc.stringMatching(/^[0-3]*$/, { maxLength }).filter((text) => text.length <= 15)
  fc.assert(
    fc.property(fc.array(digits(8), { maxLength: 60 }), digits(15), (prefixes, number) => {
      const expected = prefixes.filter((prefix) => number.startsWith(prefix)).sort((a, b) => b.length - a.length)[0]
      assert.equal(tableOf(prefixes).find(number)?.prefix, expected)
    }),
    { numRuns: 1_000 },
  )
})

test('prefixes of all fifteen digits and leading zeros are kept apart', () => {
  const table = tableOf(['0', '00', '999999999999999', '99999999999999'])
  assert.equal(table.find('999999999999999')?.prefix, '999999999999999')
  assert.equal(table.find('999999999999998')?.prefix, '99999999999999')
  assert.equal(table.find('001')?.prefix, '00')
  assert.equal(table.find('01')?.prefix, '0')
  assert.equal(table.find('1'), undefined)
})
