import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { after, test } from 'node:test'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { NIL_UUID, systemIds } from '#platform/ids'
import { systemClock, timestamp } from '#platform/time'
import {
  buildResponse,
  digestChallenge,
  digestCredentials,
  parseMessage,
  type SipRequest,
  serialise,
} from '#telecom/sip'
import { eventually, TestCalls } from '#testkit'

test('after a crash a carrier that asks who hangs up is told: it charges no longer', async () => {
  const byes: SipRequest[] = []
  const carrier = createSocket('udp4')
  await new Promise<void>((resolve) => carrier.bind(0, '127.0.0.1', resolve))
  after(() => carrier.close())
  carrier.on('message', (data, from) => {
    const request = parseMessage(data)
    if (request.kind !== 'request' || request.method !== 'BYE') return
    byes.push(request)
    const isKnown = request.headers.has('authorization')
    const headers = { 'WWW-Authenticate': digestChallenge({ realm: 'carrier.example', nonce: 'n1' }) }
    carrier.send(serialise(buildResponse(request, isKnown ? 200 : 401, { headers })), from.port, from.address)
  })
  const { port } = carrier.address()

  const first = await TestCalls.start()
  await first.db.query("update customers set identity_verification_status = 'verified' where id = $1", [first.customer])
  await first.allowCountries('us')
  const number = '+14155550100'
  await first.db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, $3, 'normal', $4, $4, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [systemIds.uuid(), first.customer, number, NIL_UUID],
  )
  const { id: provider_id } = await first.providers.create({
    ...{ type: 'sip', hostname: `127.0.0.1:${port}`, name: 'carrier', detail: '' },
    ...{ username: 'acme', password: 'open sesame', realm: 'carrier.example' },
    ...{ tech_prefix: '', tech_postfix: '', tech_headers: {} },
  })
  const route = { customer_id: ROUTING_CUSTOMER_ID, provider_id, priority: 0, target: 'all', name: '', detail: '' }
  await first.providerRoutes.create(route)
  await first.carriers.refresh()
  const { body } = await (await first.api())(first.customer).post('/v1.0/calls', {
    actions: [{ type: 'answer' }],
    source: { type: 'tel', target: number },
    destinations: [{ type: 'tel', target: '+14155550123' }],
  })
  const line = await eventually('it is dialled', () => first.lines.find(({ said }) => said.includes('dial')))
  line.answers()
  const { id } = body.calls[0]
  await eventually('it is on disk', async () => (await first.events()).some(({ type }) => type === 'call_progressing'))
  // what a line writes down of a carrier that has answered
  const dialog = { ...line.dialog, remote_tag: 'theirs', flow: `udp;127.0.0.1;5060;127.0.0.1;${port}` }
  await first.db.query('update calls set dialog = $2 where id = $1', [id, JSON.stringify(dialog)])

  const second = await TestCalls.start({ over: first })
  const last_beat = timestamp(systemClock.wallMs())
  assert.equal(await second.recovery.recover([{ ...first, last_beat }]), 1)
  await eventually('the BYE comes again', () => byes.length >= 2)
  const shown = byes[1] && digestCredentials(byes[1])
  assert.ok(shown)
  assert.match(JSON.stringify(shown), /acme/)
})
