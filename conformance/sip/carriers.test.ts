import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import type { SipRequest } from '#telecom/sip'
import { apiClient, eventually, type Json, liftSpendingLimits, Platform, Sipp } from '#testkit'
import { databaseOf } from '../api/two-customers.ts'
import { proofOf, rightResponse, SippCarriers, scenarioOf, sippPeer } from './test-carriers.ts'
import { skip } from './test-lines.ts'

/** What carriers do to calls of the whole platform, each said by a foreign SIP stack. */
let platform: Platform
let carriers: SippCarriers

const WHO = { username: 'acme', password: 'a secret of ours', realm: 'carrier.example' }
const TALK = [{ type: 'sleep', option: { duration: 60_000 } }]
/** A number of the sample customer's own, which a carrier may be shown and may call. */
const OWN = '+14155550100'

before(async () => {
  platform = await Platform.start()
  await liftSpendingLimits(platform)
  carriers = await SippCarriers.on(platform)
  const db = await databaseOf(platform)
  const { id: flow } = (await platform.api('POST', '/flows', { name: '', detail: '', actions: TALK })).body
  await db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, $3, 'normal', $4, $5, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [systemIds.uuid(), platform.credentials.customer.id, OWN, flow, NIL_UUID],
  )
  await db.close()
})
after(() => platform?.stop())

const methodsOf = (requests: SipRequest[]) => requests.map(({ method, cseq }) => `${cseq.number} ${method}`)
const entriesOf = (explained: Json, type: string) => explained.entries.filter((entry: Json) => entry.type === type)

test('a carrier that asks who calls, in its own realm, is told so, and so are its ACK and BYE', { skip }, async (t) => {
  const carrier = await carriers.carrier(t, 'challenges-invite', { played: { service: WHO.realm }, ...WHO })
  const id = await carriers.call(carrier.provider_id, TALK)
  await carriers.becomes(id, 'progressing')
  await carriers.hangUp(id)
  const requests = await carrier.wentAsWritten()
  assert.deepEqual(methodsOf(requests), ['1 INVITE', '1 ACK', '2 INVITE', '2 ACK', '3 BYE'])
  const [asked, refused, proved, acked, bye] = requests
  assert.deepEqual([asked, refused].map(proofOf), [{}, {}])
  assert.equal(refused?.vias[0]?.branch, asked?.vias[0]?.branch, 'the ACK of a refusal is part of its transaction')
  assert.notEqual(proved?.vias[0]?.branch, asked?.vias[0]?.branch)
  assert.deepEqual([proved?.callId, proved?.fromTag, proved?.toTag], [asked?.callId, asked?.fromTag, ''])
  const proof = proofOf(proved)
  assert.deepEqual(
    [proof.username, proof.realm, proof.opaque, proof.algorithm, proof.qop, proof.nc, proof.uri],
    [WHO.username, WHO.realm, '0paque', 'MD5', 'auth', '00000001', proved?.uriText],
  )
  assert.equal(proof.response, rightResponse(proof, 'INVITE', WHO.password))
  assert.deepEqual(proofOf(acked), proof, 'the ACK of a 2xx shows what its INVITE showed (RFC 3261 §22.1)')
  const atTheEnd = proofOf(bye)
  assert.deepEqual([atTheEnd.nonce, atTheEnd.nc], [proof.nonce, '00000002'])
  assert.equal(atTheEnd.response, rightResponse(atTheEnd, 'BYE', WHO.password))
})

test('asked in another realm nobody says anything: the call fails, and says why', { skip }, async (t) => {
  const carrier = await carriers.carrier(t, 'challenges-everybody', {
    played: { service: 'elsewhere.example' },
    ...WHO,
  })
  const id = await carriers.call(carrier.provider_id, TALK)
  const { hangup_by, hangup_reason } = await carriers.becomes(id, 'hangup')
  assert.deepEqual([hangup_by, hangup_reason], ['remote', 'noanswer'])
  const explained = await carriers.explained(id)
  assert.equal(explained.verdict.reason, 'credentials_refused')
  const [way] = entriesOf(explained, 'route')
  assert.deepEqual([way.route.provider_id, way.route.sip_status], [carrier.provider_id, 407])
  const requests = await carrier.wentAsWritten()
  assert.deepEqual(methodsOf(requests), ['1 INVITE', '1 ACK'])
  assert.ok(requests.every((request) => !request.headers.has('proxy-authorization')))
})

test('who is called without a carrier may ask in the realm of one, and learns nothing', { skip }, async (t) => {
  await carriers.carrier(t, 'answers', WHO)
  const callee = await sippPeer(t, 'challenges-everybody', { service: WHO.realm })
  const { body, text } = await carriers.root.post('/v1.0/calls', {
    ...{ actions: TALK, destinations: [{ type: 'sip', target: `somebody@127.0.0.1:${callee.port}` }] },
  })
  assert.equal(body.calls?.length, 1, text)
  const { hangup_by } = await carriers.becomes(body.calls[0].id, 'hangup')
  assert.equal(hangup_by, 'remote')
  const requests = await callee.wentAsWritten()
  assert.deepEqual(methodsOf(requests), ['1 INVITE', '1 ACK'])
  assert.ok(requests.every((request) => Object.keys(proofOf(request)).length === 0))
})

test('who is reached behind a carrier may ask who hangs up, and learns nothing', { skip }, async (t) => {
  const callee = await sippPeer(t, 'challenges-foreign-bye', { service: WHO.realm, host: '127.0.0.5' })
  const carrier = await carriers.carrier(t, 'answers-for-another', {
    played: { service: `127.0.0.5:${callee.port}` },
    ...WHO,
  })
  const id = await carriers.call(carrier.provider_id, TALK)
  await carriers.becomes(id, 'progressing')
  await carriers.hangUp(id)
  const requests = await callee.wentAsWritten()
  assert.deepEqual(methodsOf(requests), ['1 ACK', '2 BYE'])
  assert.ok(requests.every((request) => Object.keys(proofOf(request)).length === 0))
  await carrier.wentAsWritten()
})

test('a carrier that asks who hangs up is told so, and the call is over on both sides', { skip }, async (t) => {
  const carrier = await carriers.carrier(t, 'challenges-bye', { played: { service: WHO.realm }, ...WHO })
  const id = await carriers.call(carrier.provider_id, TALK)
  await carriers.becomes(id, 'progressing')
  await carriers.hangUp(id)
  const requests = await carrier.wentAsWritten()
  assert.deepEqual(methodsOf(requests), ['1 INVITE', '1 ACK', '2 BYE', '3 BYE'])
  const proof = proofOf(requests.at(-1))
  assert.deepEqual([proof.username, proof.realm, proof.nc], [WHO.username, WHO.realm, '00000001'])
  assert.equal(proof.response, rightResponse(proof, 'BYE', WHO.password))
})

test('a call of ours that is sent back to us is no new call: 482', { skip }, async (t) => {
  const carrier = await carriers.carrier(t, 'sends-back')
  const id = await carriers.call(carrier.provider_id, TALK)
  const { hangup_by, hangup_reason } = await carriers.becomes(id, 'hangup')
  assert.deepEqual([hangup_by, hangup_reason], ['remote', 'failed'])
  const [way] = entriesOf(await carriers.explained(id), 'route')
  assert.equal(way.route.sip_status, 482)
  await carrier.wentAsWritten()
  const { result } = (await carriers.root.get('/v1.0/calls?page_size=1')).body
  assert.deepEqual([result[0].id, result[0].direction], [id, 'outgoing'], 'nothing came in')
  assert.deepEqual((await platform.api('GET', '/calls')).body.result, [])
})

test('a number that leads to itself ends at the fifth hop: 482, and its owner sees why', { skip }, async (t) => {
  await carriers.carrier(t, 'answers')
  const caller = await Sipp.start({
    ...{ scenario: scenarioOf('calls-after-hops'), calls: 1, target: platform.sip, service: OWN, timeoutSeconds: 20 },
  })
  const { successful, failed, unexpected } = await caller.finish()
  assert.deepEqual({ successful, failed }, { successful: 1, failed: 0 }, unexpected)
  const refused = await eventually('the refusal is on record', async () => {
    const { body } = await platform.api('GET', '/refused_calls')
    return body.result[0]
  })
  assert.deepEqual([refused.reason, refused.status], ['loop_detected', 482])
})

test('a fax in place of sound is refused (488), and the sound goes on in both directions', { skip }, async (t) => {
  const carrier = await carriers.carrier(t, 'asks-for-fax', { played: { echoes: true } })
  const id = await carriers.call(carrier.provider_id, [
    { type: 'sleep', option: { duration: 1_500 } },
    { type: 'digits_send', option: { digits: '7' } },
    ...TALK,
  ])
  const key = await eventually(
    'the key that was pressed came back',
    async () => entriesOf(await carriers.explained(id), 'media').find(({ media }: Json) => media.fact === 'key'),
    15_000,
  )
  assert.deepEqual([key.media.key, key.media.method], ['7', 'rfc4733'])
  const { status, entries } = await carriers.explained(id)
  assert.equal(status, 'progressing')
  const refusal = entries.find(({ sip }: Json) => sip?.direction === 'out' && sip.status === 488)
  assert.ok(refusal.timestamp < key.timestamp, 'it came afterwards')
  await carriers.hangUp(id)
  assert.deepEqual(methodsOf(await carrier.wentAsWritten()), ['1 INVITE', '1 ACK', '2 BYE'])
})

test('a carrier out of service (503) leaves the call to the next route, and the account says so', {
  skip,
}, async (t) => {
  const first = await carriers.carrier(t, 'out-of-service')
  const second = await carriers.carrier(t, 'answers')
  await carriers.route(t, first.provider_id, 0, '+14155')
  await carriers.route(t, second.provider_id, 1, '+14155')
  const mine = carriers.for(apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey }))
  const { body, text } = await mine.caller.post('/v1.0/calls', {
    ...{ source: { type: 'tel', target: OWN }, destinations: [{ type: 'tel', target: '+14155550123' }], actions: TALK },
  })
  assert.equal(body.calls?.length, 1, text)
  const { id } = body.calls[0]
  await mine.becomes(id, 'progressing')
  await mine.hangUp(id)
  const explained = await mine.explained(id)
  assert.deepEqual(
    entriesOf(explained, 'route').map(({ route }: Json) => [
      ...[route.attempt, route.provider_id, route.outcome, route.sip_status],
    ]),
    [
      [1, first.provider_id, 'failed_over', 503],
      [2, second.provider_id, 'answered', 0],
    ],
  )
  assert.deepEqual(methodsOf(await first.wentAsWritten()), ['1 INVITE', '1 ACK'])
  assert.deepEqual(methodsOf(await second.wentAsWritten()), ['1 INVITE', '1 ACK', '2 BYE'])
})
