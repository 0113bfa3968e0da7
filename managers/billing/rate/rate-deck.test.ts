import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiErrors } from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { type Clock, ManualClock, timestamp } from '#platform/time'
import { eventually, freshDatabase } from '#testkit'
import { migrations } from '../migrations/index.ts'
import type { RateFields } from './contract.ts'
import { RateDecks } from './deck-service.ts'
import { RateDeck } from './rate-deck.ts'

const { db } = await freshDatabase(migrations)
const clock = new ManualClock()
const decks = new RateDecks({ db, clock, ids: systemIds })
const countryOf = (number: string) => (number.startsWith('+49') ? 'de' : '')
const looked = new RateDeck({ db, clock, countryOf })

const rate = (prefix: string, credit_per_unit: number, country = ''): RateFields => {
  return { cost_type: 'call_pstn_outgoing', prefix, country, token_per_unit: 0, credit_per_unit }
}
const make = (...rates: RateFields[]) => decks.create({ name: 'x', based_on: 1, rates })

test('prices from memory are those of the database, of now and of what is ahead, by prefix and country', async () => {
  await make(rate('44', 1), rate('4420', 2), rate('', 3, 'de'), rate('4930', 4))
  const kept = new RateDeck({ db, clock, countryOf })
  kept.start(silentLog)
  const numbers = ['+44', '+4420123', '+442', '+49301', '+4989', '+1', '', 'anonymous']
  for (const ahead of [0, 4_999, 5_000, 60_000])
    for (const number of numbers) {
      const query = { cost_type: 'call_pstn_outgoing', number, at: timestamp(clock.wallMs() + ahead) } as const
      assert.deepEqual(await kept.rateOf(query), await looked.rateOf(query), `${number} in ${ahead} ms`)
    }
  clock.advance(5_000)
  const prices = async () =>
    Promise.all(
      numbers.map(async (number) => (await kept.rateOf({ cost_type: 'call_pstn_outgoing', number })).credit_per_unit),
    )
  assert.deepEqual(await prices(), [1, 2, 1, 4, 3, 10_000, 10_000, 10_000])
  await make(rate('44', 9))
  for (let seconds = 0; seconds < 5; seconds++) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await eventually('the new prices are in force', async () => (await prices())[0] === 9)
  assert.deepEqual((await kept.rateOf({ cost_type: 'sms' })).credit_per_unit, 10_000)
  await kept.stop()
})

test('a use that began under an old version keeps it, and versions that are made at once get different numbers', async () => {
  const old = await looked.rateOf({ cost_type: 'sms' })
  const made = await Promise.all([1, 2, 3].map((credit) => make({ ...rate('', credit), cost_type: 'sms' })))
  assert.equal(new Set(made.map(({ version }) => version)).size, 3)
  const at = timestamp(clock.wallMs())
  clock.advance(60_000)
  assert.deepEqual(await looked.rateOf({ cost_type: 'sms', at }), old)
  assert.deepEqual(await looked.rateOf({ cost_type: 'sms', version: old.deck_version }), old)
  assert.notDeepEqual(await looked.rateOf({ cost_type: 'sms' }), old)
})

test('a version that takes long to make begins once it is whole and known, and not at a moment that has passed meanwhile', async () => {
  let nowMs = clock.wallMs()
  const wallMs = () => {
    nowMs += 60_000
    return nowMs
  }
  const slow: Clock = { wallMs, monotonicMs: () => clock.monotonicMs(), after: (ms, run) => clock.after(ms, run) }
  const slowly = new RateDecks({ db, clock: slow, ids: systemIds })
  const made = await slowly.create({ name: 'long', based_on: 1, rates: [rate('33', 7)] })
  assert.equal(made.tm_from, timestamp(nowMs + 5_000))
  assert.equal((await decks.get(made.id, '')).tm_from, made.tm_from)
  const before = await decks.list({ size: 100 })
  const late = slowly.create({ name: 'late', based_on: 1, tm_from: timestamp(nowMs + 70_000), rates: [] })
  await assert.rejects(late, (error) => apiErrors.INVALID_ARGUMENT.is(error))
  assert.deepEqual(await decks.list({ size: 100 }), before, 'nothing of it is left')
})

test('a version of many rates has all of them, those of the one that it is based on and its own', async () => {
  const many = Array.from({ length: 2_500 }, (_, at) => rate(`7${1_000 + at}`, at + 1))
  const base = await make(...many)
  const next = await decks.create({ name: 'next', based_on: base.version, rates: [rate('71000', 9)] })
  const price = async (number: string) =>
    (await looked.rateOf({ cost_type: 'call_pstn_outgoing', number, version: next.version })).credit_per_unit
  assert.deepEqual([await price('+71000123'), await price('+71001123'), await price('+73499123')], [9, 2, 2_500])
  assert.equal((await decks.get(next.id, '7')).is_whole, false)
})
