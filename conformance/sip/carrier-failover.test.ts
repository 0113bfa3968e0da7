import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { buildResponse, parseMessage, SipRequest, serialise } from '#telecom/sip'
import { apiClient, eventually, liftSpendingLimits, Platform } from '#testkit'
import { databaseOf } from '../api/two-customers.ts'

/** `calls.md` §3.3 and §5.4, row by row, over the wire: two carriers that say what the row says. */
const platform = await Platform.start({ ALLOW_PRIVATE_TARGETS: '127.0.0.0/8' })
after(() => platform.stop())
await liftSpendingLimits(platform)
const db = await databaseOf(platform)
after(() => db.close())
const { admin, customer } = platform.credentials
const { body: login } = await apiClient(platform.http).post('/auth/login', admin)
const root = apiClient(platform.http, { token: login.token })
const mine = apiClient(platform.http, { accesskey: customer.accesskey })
const SOURCE = '+14155550100'

await db.query(
  `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
     emergency_enabled, metadata, tm_create)
   values ($1, $2, $3, 'normal', $4, $4, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
  [systemIds.uuid(), customer.id, SOURCE, NIL_UUID],
)

/** What the carriers answer an INVITE with. */
let said: { status: number; headers?: Record<string, string> } = { status: 486 }

async function carrier(priority: number) {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  after(() => socket.close())
  const called = new Set<string>()
  socket.on('message', (data, from) => {
    const request = parseMessage(data)
    if (!(request instanceof SipRequest) || request.method === 'ACK') return
    if (request.method === 'INVITE') called.add(request.headers.get('call-id') ?? '')
    const { status, headers = {} } = request.method === 'INVITE' ? said : { status: 200 }
    socket.send(serialise(buildResponse(request, status, { toTag: 'carrier', headers })), from.port, from.address)
  })
  const hostname = `127.0.0.1:${socket.address().port}`
  const { id: provider_id } = (
    await root.post('/v1.0/providers', {
      ...{ type: 'sip', hostname, name: hostname, detail: '', tech_prefix: '', tech_postfix: '', tech_headers: {} },
    })
  ).body
  await root.post('/v1.0/routes', {
    ...{
      customer_id: '00000000-0000-0000-0000-000000000001',
      name: '',
      detail: '',
      provider_id,
      priority,
      target: '+1',
    },
  })
  return called
}

const [first, second] = [await carrier(0), await carrier(1)]

async function callOnce() {
  first.clear()
  second.clear()
  const { status, body, text } = await mine.post('/v1.0/calls', {
    source: { type: 'tel', target: SOURCE },
    destinations: [{ type: 'tel', target: '+14155550123' }],
    actions: [{ type: 'answer' }],
  })
  assert.equal(status, 200, text)
  return eventually('it is over', async () => {
    const call = (await mine.get(`/v1.0/calls/${body.calls[0].id}`)).body
    return call.status === 'hangup' ? call : undefined
  })
}

const TABLE: readonly (readonly [statuses: readonly number[], reason: string, isFollowed: boolean])[] = [
  [[400, 405, 411, 413, 414, 415, 481, 482, 487, 491, 493, 505, 499, 699], 'failed', true],
  [[401, 403, 407, 603], 'noanswer', false],
  [[404, 485, 604, 408, 409, 410, 420, 484, 488, 606, 500, 501, 502, 504], 'failed', true],
  [[480, 483], 'noanswer', false],
  [[486, 600], 'busy', false],
  [[503, 599], 'failed', true],
]
for (const [statuses, reason, isFollowed] of TABLE)
  test(`${statuses.join(', ')}: ${isFollowed ? 'the next carrier is called, then' : 'no other carrier is called;'} ${reason}`, async () => {
    for (const status of statuses) {
      said = { status }
      const { hangup_reason, hangup_by } = await callOnce()
      assert.deepEqual(
        [hangup_reason, hangup_by, first.size, second.size],
        [reason, 'remote', 1, isFollowed ? 1 : 0],
        `${status}`,
      )
    }
  })

test('a Reason of Q.850 counts before the status, in both directions (RFC 3326)', async () => {
  said = { status: 503, headers: { Reason: 'Q.850;cause=17;text="User busy"' } }
  assert.equal((await callOnce()).hangup_reason, 'busy')
  assert.equal(second.size, 0)
  said = { status: 486, headers: { Reason: 'Q.850;cause=34' } }
  assert.equal((await callOnce()).hangup_reason, 'failed')
  assert.equal(second.size, 1)
})
