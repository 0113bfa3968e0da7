import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { eventually, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const { base } = calls
const MINE = '+493012345678'
const WITHOUT_FLOW = '+493012345679'
const VIRTUAL = '+899002000001'
const flow_id = systemIds.uuid()
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
  if (input.type === 'answered') live.hangup('normal')
}
await calls.number(VIRTUAL)
for (const [number, flow] of [
  [MINE, flow_id],
  [WITHOUT_FLOW, NIL_UUID],
])
  await calls.db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, $3, 'normal', $4, $5, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [systemIds.uuid(), calls.customer, number, flow, NIL_UUID],
  )
const phone = await calls.phone('+4917012345678')
const dial = (user: string, headers: readonly string[] = [], domain = `pstn.${base}`) =>
  phone.call(user, { headers, uri: `sip:${user}@${domain}` })
const admitted = () => calls.prepared.at(-1) ?? assert.fail('nobody was let in')

test('only the addresses of providers may call pstn.{base}', async () => {
  assert.equal((await dial(MINE)).status, 403)
  const { id } = await calls.providers.create({
    ...{ type: 'sip', hostname: 'sip.carrier.example', name: 'carrier', detail: '', country: 'DE' },
    ...{ tech_prefix: '', tech_postfix: '', tech_headers: {}, addresses: ['127.0.0.0/8'] },
  })
  await calls.carriers.refresh()
  assert.equal((await dial(MINE)).status, 200)
  const { call, flow, anonymous } = admitted()
  assert.deepEqual([flow, anonymous], [{ flow_id }, false])
  assert.deepEqual(call.destination, { type: 'tel', target: MINE })
  assert.deepEqual(call.source, { type: 'tel', target: '+4917012345678' })
  const api = (await calls.api())(calls.customer)
  const rule = await eventually('the account of the call names the provider', async () => {
    const { entries } = (await api.get(`/v1.0/calls/${call.id}/explain`)).body
    return entries?.find(({ type }: { type: string }) => type === 'rule')?.rule
  })
  assert.deepEqual([rule.domain, rule.matched, rule.provider_id], ['pstn', 'number', id])
})

test('a number is found however its carrier writes it, under the bare address too', async () => {
  for (const written of [
    '03012345678',
    '493012345678',
    '00493012345678',
    '+493012345678;npdi;rn=+4930',
    '+49-30-12345678',
  ]) {
    assert.equal((await dial(written)).status, 200, written)
    assert.equal(admitted().call.destination.target, MINE)
  }
  assert.equal((await dial('03012345678', [], calls.server)).status, 200)
})

test('a carrier’s word says who calls; who wants privacy is not shown', async () => {
  for (const [headers, source] of [
    [
      ['P-Asserted-Identity: "Ann" <sip:017098765432@carrier.example;user=phone>'],
      { target: '+4917098765432', target_name: 'Ann' },
    ],
    [['P-Asserted-Identity: <tel:+4917098765432>'], { target: '+4917098765432' }],
    [['P-Asserted-Identity: <tel:+4917098765432>', 'Privacy: id'], { target: 'anonymous' }],
    [['P-Asserted-Identity: not an address'], { target: '+4917012345678' }],
    [['P-Asserted-Identity: <sip:Anonymous@anonymous.invalid>'], { target: 'anonymous' }],
  ] as const) {
    assert.equal((await dial(MINE, headers)).status, 200, headers.join())
    assert.deepEqual(admitted().call.source, { type: 'tel', ...source })
  }
})

test('unknown numbers, virtual ones and numbers without a flow are 404', async () => {
  for (const written of ['+493099999999', VIRTUAL, WITHOUT_FLOW, 'nobody'])
    assert.equal((await dial(written)).status, 404, written)
})

test('a call that has come back too often is a loop', async () => {
  assert.equal((await dial(MINE, ['X-Strowger-Hops: 4'])).status, 200)
  assert.equal(calls.prepared.at(-1)?.travelled?.hops, 4, 'its flow knows')
  assert.equal((await dial(MINE, ['X-Strowger-Hops: 5'])).status, 482)
  const refused = await eventually('the refusal is on record', async () => {
    const rows = await calls.db.query<{ reason: string }>('select reason from refused_calls order by tm_create')
    return rows.some(({ reason }) => reason === 'loop_detected') ? rows : undefined
  })
  assert.ok(refused.some(({ reason }) => reason === 'number_without_flow'))
})
