import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CostType, Decision, Reservation } from '#managers/billing'
import { DatabaseUnavailable } from '#platform/db'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { Meter, type MeteredUse } from './meter.ts'

type Answer = Decision<{ units: number }> | 'away'

/** A leg whose account says what a test wants it to. */
function metered(unit_seconds = 60, cost_type: CostType = 'call_pstn_outgoing') {
  const clock = new ManualClock()
  const seconds = () => clock.monotonicMs() / 1_000
  const said: string[] = []
  const asked: { at: number; units: number; begun: number }[] = []
  let answer: (units: number) => Answer = (units) => ({ ok: true, reserved: { units } })
  const rate = { deck_version: 1, cost_type, prefix: '', country: '' } as const
  const reservation: Reservation = {
    ...{ id: 'r', customer_id: 'c', account_id: 'a', reference_type: 'call', reference_id: 'l', number: '+1' },
    ...{ cost_type, rate: { ...rate, token_per_unit: 0, credit_per_unit: 10_000, unit_seconds } },
    ...{
      credential_kind: '',
      credential_id: '',
      status: 'open',
      life: '',
      units: unit_seconds === 60 ? 1 : 5,
      amount_token: 0,
      amount_credit: 10_000,
    },
    ...{ money: 10_000, most_units: null, begun: 0, quarantine: '', tm_end: null },
    tm_create: timestamp(0),
    tm_extend: timestamp(0),
  }
  const meter = new Meter(
    {
      clock,
      log: silentLog,
      undecidedMs: 300_000,
      reservations: {
        reserve: () => Promise.reject(new Error('it was reserved before')),
        extend: async ({ units, begun }) => {
          asked.push({ at: seconds(), units, begun })
          const now = answer(units)
          if (now === 'away') throw new DatabaseUnavailable('unreachable')
          return now
        },
        release: async (_, id) => void said.push(`${id} is released`),
      },
    },
    reservation,
  )
  const leg: MeteredUse = {
    warn: () => said.push(`${seconds()}: warned`),
    end: (by) => said.push(`${seconds()}: ended, ${by}`),
  }
  /** Second by second, so that what is asked is answered in between. */
  const pass = async (for_seconds: number) => {
    for (let left = for_seconds; left > 0; left--) {
      clock.advance(1_000)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  return { meter, leg, pass, said, asked, answers: (now: typeof answer) => (answer = now) }
}

const refused = { ok: false, refusal: 'insufficient_balance' } as const

test('each next interval is reserved 10 s before the one ends that goes on, from the answer on', async () => {
  const { meter, leg, pass, asked, said } = metered()
  await pass(30) // it rings
  meter.begin(leg)
  await pass(180)
  assert.deepEqual(asked, [
    { at: 80, units: 2, begun: 1 },
    { at: 140, units: 3, begun: 2 },
    { at: 200, units: 4, begun: 3 },
  ])
  meter.over()
  await pass(600)
  assert.equal(asked.length, 3)
  assert.deepEqual(said, [])
})

test('where the next interval is refused it is warned, and the leg ends exactly with the one that is paid', async () => {
  const { meter, leg, pass, said, answers } = metered()
  meter.begin(leg)
  await pass(60)
  answers(() => refused)
  await pass(120)
  assert.deepEqual(said, ['110: warned', '120: ended, balance_exhausted'])
})

test('a limit that is reached ends it like an empty balance, and says so', async () => {
  const { meter, leg, pass, said, answers } = metered()
  const reached = { limited_by: 'extension', limit: 'money_per_hour', most: 1, used: 1 } as const
  answers(() => ({ ok: false, refusal: 'limit_reached', ...reached }))
  meter.begin(leg)
  await pass(60)
  assert.equal(said.at(-1), '60: ended, spending_limit')
})

test('while the database is away it talks on, and when it is back all that was used is reserved at once', async () => {
  const { meter, leg, pass, said, asked, answers } = metered()
  meter.begin(leg)
  answers(() => 'away')
  await pass(200)
  assert.deepEqual(said, [])
  answers((units) => ({ ok: true, reserved: { units } }))
  await pass(2)
  assert.deepEqual(asked.at(-1), { at: 202, units: 4, begun: 4 })
  await pass(28)
  assert.deepEqual(asked.at(-1), { at: 230, units: 5, begun: 4 })
})

test('it does so for 300 s beyond what is paid, and no longer', async () => {
  const { meter, leg, pass, said, answers } = metered()
  meter.begin(leg)
  answers(() => 'away')
  await pass(400)
  assert.deepEqual(said, ['358: warned', '360: ended, billing_unavailable'])
})

test('what comes in, and what is recorded, ends with what is paid while nobody can decide: nothing bounds how many there are', async () => {
  for (const cost_type of ['recording', 'call_vn', 'call_pstn_incoming'] as const) {
    const { meter, leg, pass, said, answers } = metered(60, cost_type)
    meter.begin(leg)
    await pass(60)
    answers(() => 'away')
    await pass(400)
    assert.deepEqual(said, ['118: warned', '120: ended, billing_unavailable'])
  }
})

test('refused after such a while it ends with the interval that it is in, which is charged whole', async () => {
  const { meter, leg, pass, said, answers } = metered()
  meter.begin(leg)
  answers(() => 'away')
  await pass(199)
  answers(() => refused)
  await pass(60)
  assert.deepEqual(said, ['200: warned', '240: ended, balance_exhausted'])
})

test('a leg that will never be gives back what is reserved, once; one that is over gives nothing back by itself', async () => {
  const { meter, said } = metered()
  meter.discard()
  meter.discard()
  assert.deepEqual(said, ['r is released'])
  const over = metered()
  over.meter.over()
  over.meter.discard()
  assert.deepEqual(over.said, [])
})

test('short intervals are reserved half a minute at a time', async () => {
  const { meter, leg, pass, asked } = metered(6)
  meter.begin(leg)
  await pass(60)
  assert.deepEqual(
    asked.map(({ at, units }) => [at, units]),
    [
      [20, 10],
      [50, 15],
    ],
  )
})
