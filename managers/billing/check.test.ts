import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newAccount, PLAN_TOKENS } from './account.ts'
import { type CallEnds, type ChargeKind, costOfCall, decide as decideBy, kindOfCall, type Spendable } from './check.ts'

const empty: Spendable = { status: 'active', plan_type: 'free', balance_credit: 0, balance_token: 0 }
const PRICES = {
  call: 10_000,
  call_pstn: 10_000,
  call_extension: 0,
  sms: 10_000,
  email: 10_000,
  number: 5_000_000,
  number_renew: 5_000_000,
}
const decide = (account: Spendable | undefined, kind: ChargeKind, count: number) =>
  decideBy(account, kind, count, { ...PRICES, recording: 30_000 }[kind])
const ok = { ok: true }
const broke = { ok: false, refusal: 'insufficient_balance' }

const incoming = (source: string, type: string, target: string): CallEnds => ({
  direction: 'incoming',
  source: { type: source, target: 'x' },
  destination: { type, target },
})

test('a call to a virtual number costs tokens, whoever calls', () => {
  assert.equal(costOfCall(incoming('sip', 'tel', '+899001000000')), 'call_vn')
  assert.equal(costOfCall(incoming('tel', 'tel', '+899001000000')), 'call_vn')
  assert.equal(kindOfCall(incoming('sip', 'tel', '+899001000000')), 'call')
})

test('a call between extensions, to a direct hash or to a flow is free', () => {
  assert.equal(costOfCall(incoming('sip', 'extension', '1000')), 'call_direct_ext')
  assert.equal(costOfCall(incoming('extension', 'extension', '1000')), 'call_extension')
  assert.equal(costOfCall(incoming('sip', 'sip', 'direct.0123456789ab')), 'call_extension')
  for (const call of [incoming('sip', 'extension', '1000'), incoming('extension', 'sip', 'x')])
    assert.equal(kindOfCall(call), 'call_extension')
})

test('only the telephone network costs an outgoing leg', () => {
  const leg = (type: string): CallEnds => ({ ...incoming('extension', type, '+15551234567'), direction: 'outgoing' })
  assert.equal(costOfCall(leg('tel')), 'call_pstn_outgoing')
  assert.equal(kindOfCall(leg('tel')), 'call_pstn')
  assert.equal(costOfCall(leg('sip')), 'call_extension')
  assert.equal(kindOfCall(leg('extension')), 'call_extension')
  assert.equal(costOfCall({ ...incoming('tel', 'tel', '+15551234567') }), 'call_pstn_incoming')
})

test('free legs pass with nothing on the account, others do not', () => {
  assert.deepEqual(decide(empty, 'call_extension', 1), ok)
  for (const kind of ['call', 'recording', 'sms', 'email', 'number', 'number_renew'] as const)
    assert.deepEqual(decide(empty, kind, 1), broke)
})

test('a single token lets calls of virtual numbers and recordings start, and nothing else', () => {
  const one = { ...empty, balance_token: 1 }
  assert.deepEqual(decide(one, 'call', 3), ok)
  assert.deepEqual(decide(one, 'call_pstn', 1), broke)
  assert.deepEqual(decide(one, 'recording', 1), ok)
  assert.deepEqual(decide(one, 'sms', 1), broke)
  assert.deepEqual(decide(one, 'number', 1), broke)
})

test('credit has to cover every one of the things that start', () => {
  const has = (balance_credit: number) => ({ ...empty, balance_credit })
  assert.deepEqual(decide(has(29_999), 'sms', 3), broke)
  assert.deepEqual(decide(has(30_000), 'sms', 3), ok)
  assert.deepEqual(decide(has(9_999), 'call', 1), broke)
  assert.deepEqual(decide(has(10_000), 'call', 1), ok)
  assert.deepEqual(decide(has(29_999), 'recording', 1), broke)
  assert.deepEqual(decide(has(4_999_999), 'number', 1), broke)
  assert.deepEqual(decide(has(5_000_000), 'number_renew', 1), ok)
})

test('the unlimited plan is never refused, but a frozen or missing account always is', () => {
  assert.deepEqual(decide({ ...empty, plan_type: 'unlimited', balance_credit: -5 }, 'number', 9), ok)
  const frozen = { ...empty, status: 'frozen' as const, plan_type: 'unlimited' as const }
  assert.deepEqual(decide(frozen, 'call_extension', 1), { ok: false, refusal: 'account_suspended' })
  assert.deepEqual(decide(undefined, 'call', 1), { ok: false, refusal: 'no_account' })
})

test('a new account has the tokens of its plan and is topped up on the first of the next month', () => {
  const account = newAccount('a', 'c', Date.UTC(2026, 11, 31, 23, 59), { balance_credit: 7 })
  assert.equal(account.balance_token, PLAN_TOKENS.free)
  assert.equal(account.balance_token, 100)
  assert.equal(account.balance_credit, 7)
  assert.equal(account.tm_next_topup, '2027-01-01T00:00:00.000000Z')
})
