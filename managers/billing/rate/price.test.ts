import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { priceOf, type Rate } from './price.ts'

const rate = (token_per_unit: number, credit_per_unit: number, unit_seconds = 60): Rate => ({
  ...{ deck_version: 1, cost_type: 'recording', prefix: '', country: '' },
  ...{ token_per_unit, credit_per_unit, unit_seconds },
})

test('the examples of the reference: 135 s of a virtual number by tokens, five minutes of recording by both', () => {
  assert.deepEqual(priceOf(rate(1, 1_000), { seconds: 135 }, 70), { billable_units: 3, tokens: 3, credit: 0 })
  assert.deepEqual(priceOf(rate(3, 30_000), { seconds: 300 }, 7), { billable_units: 5, tokens: 6, credit: 90_000 })
})

test('started minutes count, whole seconds only, and nothing costs nothing', () => {
  const units = (seconds: number) => priceOf(rate(0, 1), { seconds }, 0).billable_units
  assert.deepEqual([-5, 0, 0.9, 1, 59, 60, 60.9, 61, 120].map(units), [0, 0, 0, 1, 1, 1, 1, 2, 2])
  assert.equal(priceOf(rate(0, 5, 0), { count: 3 }, 0).credit, 15)
})

const someRate = fc.tuple(
  fc.integer({ min: 0, max: 50 }),
  fc.integer({ min: 0, max: 1e9 }),
  fc.integer({ min: 1, max: 3_600 }),
)
const seconds = fc.integer({ min: 0, max: 1e6 })
const balance = fc.integer({ min: -1_000, max: 1e6 })

test('each unit is paid once, by tokens or by credit, and never by tokens that are not there', () => {
  fc.assert(
    fc.property(someRate, seconds, balance, ([token, credit, unit], used, tokens) => {
      const price = priceOf(rate(token, credit, unit), { seconds: used }, tokens)
      const byToken = token === 0 ? 0 : price.tokens / token
      assert.equal(price.billable_units, Math.ceil(used / unit))
      assert.ok(Number.isInteger(byToken) && byToken >= 0 && byToken <= price.billable_units)
      assert.ok(price.tokens <= Math.max(0, tokens))
      assert.equal(price.credit, (price.billable_units - byToken) * credit)
      assert.ok(token === 0 || price.credit === 0 || credit === 0 || tokens - price.tokens < token, 'tokens come first')
    }),
  )
})

test('a longer use never costs less, and more tokens never cost more credit', () => {
  fc.assert(
    fc.property(someRate, seconds, seconds, balance, ([token, credit, unit], used, more, tokens) => {
      const priced = (length: number, by: number) => priceOf(rate(token, credit, unit), { seconds: length }, by)
      const [one, longer, richer] = [priced(used, tokens), priced(used + more, tokens), priced(used, tokens + more)]
      assert.ok(longer.credit >= one.credit && longer.tokens >= one.tokens)
      assert.ok(richer.credit <= one.credit)
    }),
  )
})
