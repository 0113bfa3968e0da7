import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { assertReason, eventually, FakePhone, type Json, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const NUMBER = '+899006000001'
await calls.number(NUMBER)
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
}
const account = (balance_token: number, balance_credit: number) =>
  calls.db.query('update billing_accounts set balance_token = $1, balance_credit = $2 where customer_id = $3', [
    ...[balance_token, balance_credit],
    calls.customer,
  ])
const api = (await calls.api())(calls.customer)
const usages = () =>
  calls.db.query<{ reference_id: string; amount_token: number; billable_units: number }>(
    `select reference_id, amount_token, billable_units from billings where transaction_type = 'usage'`,
  )
const isSettled = async () => {
  await calls.settler.run()
  return (await calls.db.query(`select 1 from reservations where status = 'open'`)).length === 0
}

test('of two who call a number at once that can pay one minute only one is let in', async () => {
  await account(1, 0)
  const [one, two] = await Promise.all([calls.phone('ann'), calls.phone('bob')])
  const made = await Promise.all([one.call(NUMBER), two.call(NUMBER)])
  assert.deepEqual(made.map(({ status }) => status).sort(), [200, 603])
  const refused = await eventually('the refusal is on record', async () => {
    const { body } = await api.get('/v1.0/refused_calls')
    return body.result?.[0]
  })
  assert.equal(refused.reason, 'insufficient_balance')
  await made.find(({ status }) => status === 200)?.hangUp()
  await eventually('it is over', () => calls.engine.size === 0)
  await eventually('neither has ports any more', () => calls.media.load.endpoints === 0)
})

test('a call is charged when it is over, once, and its account says so', async () => {
  const call_id = calls.lives.at(-1)?.live.id ?? ''
  // what is shorter than a second costs nothing
  await calls.db.query(`update calls set tm_progressing = tm_progressing - interval '2 s' where id = $1`, [call_id])
  await eventually('it is settled', isSettled)
  await calls.settler.run()
  assert.deepEqual(await usages(), [{ reference_id: call_id, amount_token: -1, billable_units: 1 }])
  const { body } = await api.get(`/v1.0/calls/${call_id}/explain`)
  const charge = body.entries.find(({ type }: Json) => type === 'charge')
  assert.deepEqual([charge.charge.kind, charge.charge.amount, charge.charge.unit], ['call_vn', '1', 'token'])
})

test('a call that ends before its answer costs nothing', async () => {
  await account(10, 0)
  calls.script = (live, input) => {
    if (input.type === 'started') live.hangup('busy')
  }
  const call = await (await calls.phone('cid')).call(NUMBER)
  assert.equal(call.status, 486)
  await eventually('nothing is held', isSettled)
  assert.equal((await usages()).length, 1)
})

test('a recording is reserved, stopped where it cannot be paid, and charged when it is over', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  await account(1, 0)
  const call = await (await calls.phone('dan')).call(NUMBER)
  const call_id = await eventually('it is up', () => calls.lives.at(-1)?.live.id)
  const path = `/v1.0/calls/${call_id}/recording_start`
  assertReason(await api.post(path), 402, 'INSUFFICIENT_BALANCE', 'call-manager')
  await account(1, 30_000)
  const recorded = await api.post(path)
  assert.equal(recorded.status, 200)
  await call.hangUp()
  await eventually('both are settled', isSettled)
  const [row] = await calls.db.query<{ cost_type: string; enforced: boolean }>(
    'select cost_type, enforced from billings where reference_id = $1',
    [recorded.body.recording_id],
  )
  assert.deepEqual(row, { cost_type: 'recording', enforced: true })
})

test('what would pass a limit is SPENDING_LIMIT_REACHED, and says whose limit, which, and how much is used', async () => {
  const call = await (await calls.phone('eve')).call(NUMBER)
  const call_id = await eventually('it is up', () => calls.lives.at(-1)?.live.id)
  const limits = { kind: 'customer', subject_id: NIL_UUID, limits: { money_per_hour: 80_000 } } as const
  await calls.db.query(
    'insert into spending_limits (customer_id, kind, subject_id, limits, tm_update) values ($1, $2, $3, $4, now())',
    [calls.customer, limits.kind, limits.subject_id, limits.limits],
  )
  await account(10_000, 0)
  const path = `/v1.0/calls/${call_id}`
  for (let made = 0; made < 2; made++) {
    assert.equal((await api.post(`${path}/recording_start`)).status, 200)
    assert.equal((await api.post(`${path}/recording_stop`)).status, 200)
  }
  const refused = await api.post(`${path}/recording_start`)
  assertReason(refused, 429, 'SPENDING_LIMIT_REACHED', 'billing-manager')
  const [{ used, ...facts }] = refused.body.error.details
  assert.deepEqual(facts, { limited_by: 'outside', limit: 'money_per_hour', most: 80_000, window_seconds: 3_600 })
  assert.ok(used >= 60_000 && used <= 80_000)
  await call.hangUp()
})

test('who calls a virtual number by an extension or a trunk of the customer spends within the limits of that', async () => {
  await calls.db.query('delete from spending_limits')
  await account(10_000, 0)
  const phone = await calls.phone('fay', 'secret-fay')
  const trunk = await calls.trunk()
  const domain = `pbx.trunk.${calls.base}`
  const pbx = await FakePhone.start({ server: calls.server, user: 'office', domain, password: 'a long password' })
  after(() => pbx.close())
  for (const [kind, id, device] of [
    ['extension', await calls.extension('fay'), phone],
    ['trunk', trunk, pbx],
  ] as const) {
    // a minute costs 1000
    await calls.db.query(
      'insert into spending_limits (customer_id, kind, subject_id, limits, tm_update) values ($1, $2, $3, $4, now())',
      [calls.customer, kind, id, { money_per_hour: 1_500 }],
    )
    const call = await device.call(NUMBER)
    assert.equal(call.status, 200)
    assert.equal((await device.call(NUMBER)).status, 603, `${kind}: its limit is reached`)
    const stranger = await (await calls.phone(`gus-${kind}`)).call(NUMBER)
    assert.equal(stranger.status, 200, 'who is not it may go on')
    await call.hangUp()
    await stranger.hangUp()
  }
})
