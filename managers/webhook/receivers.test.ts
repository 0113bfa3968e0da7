import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { apiErrors } from '#platform/http'
import { Metrics } from '#platform/metrics'
import { ManualClock, systemClock, timestamp } from '#platform/time'
import { eventually, type ReceivedWebhook } from '#testkit'
import { WebhookSender, watchWebhooks } from './index.ts'
import { deliveriesOf, inTime, Rig, receiver, SECRET, uuid } from './test-rig.ts'

const DAY_MS = 86_400_000

function standardSignature(secret: string | Buffer, { headers, raw }: ReceivedWebhook): string {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`
  return `v1,${createHmac('sha256', secret).update(content).digest('base64')}`
}

/** Turns the clock until a customer's delivery about a resource has a status, and gives it. */
function untilIs(rig: Rig, customer: string, status: string, resource_id?: string) {
  return inTime(rig.clock as ManualClock, `a delivery is ${status}`, async () => {
    const all = await deliveriesOf(rig, customer)
    return all.find((each) => each.status === status && (resource_id ?? each.resource_id) === each.resource_id)
  })
}

test('every attempt is signed as Standard Webhooks has it, with its own time and the same id', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  target.treat = () => (target.received.length === 1 ? 500 : 200)
  await rig.announce(customer, [{ resource_id: uuid() }])
  await inTime(clock, 'it arrives', () => target.delivered().length === 1)
  const [first, second] = target.received
  assert.ok(first && second)
  for (const got of [first, second]) {
    assert.equal(got.headers['webhook-id'], got.event_id)
    assert.equal(got.headers['webhook-signature'], standardSignature(SECRET, got))
  }
  assert.equal(first.event_id, second.event_id)
  assert.ok(Number(second.headers['webhook-timestamp']) >= Number(first.headers['webhook-timestamp']) + 5)
  assert.equal(Number(first.headers['webhook-timestamp']), Math.floor(Date.parse('2026-01-02T03:04:05Z') / 1_000))
  const delivered = await untilIs(rig, customer, 'delivered')
  assert.equal(first.headers['x-voipbin-delivery'], delivered.id)
  assert.equal(second.headers['x-voipbin-delivery'], delivered.id)
})

test('while a secret is changed both sign, and the signature that has room for one keeps the old', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = uuid()
  const key = Buffer.from('0123456789abcdef0123456789abcdef')
  const secrets = { current: `whsec_${key.toString('base64')}`, previous: 'old' }
  rig.customers.set(customer, { uri: target.url(), method: '', secrets })
  await rig.announce(customer, [{ resource_id: uuid() }])
  const [got] = await target.until(1)
  assert.ok(got)
  const both = `${standardSignature(key, got)} ${standardSignature('old', got)}`
  assert.equal(got.headers['webhook-signature'], both)
  target.checkSignatures('old')
})

test('a receiver that has enough is left alone for as long as it says, and nothing of it counts as an attempt', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  const [busy, other] = [uuid(), uuid()]
  let isBusy = true
  target.treat = () => (_, response) => {
    const webhook = target.received.at(-1)
    if (webhook) webhook.status = isBusy ? 429 : 200
    response.writeHead(isBusy ? 429 : 200, isBusy ? { 'retry-after': '900' } : {}).end('slow down')
  }
  await rig.announce(customer, [{ type: 'call_created', resource_id: busy }])
  const pending = await eventually('the failure is stored', async () => {
    const [row] = await deliveriesOf(rig, customer, { status: 'pending' })
    return row?.attempt_count === 1 && row
  })
  assert.equal(pending.last_attempt?.http_status, 429)
  assert.equal(pending.tm_next, timestamp(Date.parse('2026-01-02T03:19:05Z')))
  const [hold] = (await rig.webhooks.listHolds(customer, { size: 10 })).result
  assert.deepEqual(
    [hold?.reason, hold?.http_status, hold?.tm_until, hold?.sequence, hold?.uri],
    ['retry_after', 429, '2026-01-02T03:19:05.000000Z', 1, target.url()],
  )
  // what comes meanwhile is not tried either
  await rig.announce(customer, [{ type: 'call_created', resource_id: other }])
  await inTime(clock, 'it waits', async () => (await deliveriesOf(rig, customer, { status: 'pending' })).length === 2)
  clock.advance(800_000)
  await rig.announce(customer, [{ type: 'call_hangup', resource_id: other }])
  await eventually('it waits too', async () => (await rig.cursor(customer)) === 3 || void clock.advance(250))
  assert.equal(target.received.length, 1)
  isBusy = false
  clock.advance(120_000)
  await inTime(clock, 'all arrive', () => target.received.length === 4)
  await inTime(clock, 'all are done', async () => (await rig.rows('id')).length === 0)
  const all = await deliveriesOf(rig, customer)
  assert.deepEqual(all.map(({ status, attempt_count }) => [status, attempt_count]).sort(), [
    ['delivered', 1],
    ['delivered', 1],
    ['delivered', 2],
  ])
  assert.deepEqual((await rig.webhooks.listHolds(customer, { size: 10 })).result, [])
})

test('410 stops an endpoint, where everybody can see it, until it is lifted', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url('/gone?key=1'))
  const other = rig.customer(target.url('/here'))
  let isGone = true
  target.treat = ({ path }) => (isGone && path !== '/here' ? 410 : 200)
  await rig.announce(customer, [{ resource_id: uuid() }])
  const refused = await untilIs(rig, customer, 'refused')
  assert.deepEqual([refused.last_attempt?.http_status, refused.attempt_count], [410, 1])
  const [hold] = (await rig.webhooks.listHolds(customer, { size: 10 })).result
  assert.ok(hold)
  assert.deepEqual([hold.reason, hold.tm_until, hold.sequence, hold.target], ['gone', null, 1, 'customer'])
  await rig.announce(customer, [{ resource_id: uuid() }, { resource_id: uuid() }])
  await rig.announce(other, [{ resource_id: uuid() }])
  await inTime(clock, 'they are passed over', async () => (await rig.cursor(customer)) === 3)
  await target.until(1)
  // a restart does not forget it
  await rig.restart()
  await rig.announce(customer, [{ resource_id: uuid() }])
  await inTime(clock, 'it is passed over too', async () => (await rig.cursor(customer)) === 4)
  assert.equal(target.received.filter(({ path }) => path !== '/here').length, 1)
  await assert.rejects(rig.webhooks.replay(customer, refused.id), apiErrors.STATE_INVALID.is)
  await assert.rejects(rig.webhooks.replayRange(customer, { after: 0 }), apiErrors.STATE_INVALID.is)
  await assert.rejects(rig.webhooks.liftHold(other, hold.id), apiErrors.RESOURCE_NOT_FOUND.is)
  isGone = false
  assert.deepEqual(await rig.webhooks.liftHold(customer, hold.id), hold)
  await rig.announce(customer, [{ type: 'call_hangup', resource_id: uuid() }])
  const taken = () => target.delivered('/gone?key=1').filter(({ status }) => status === 200).length
  await inTime(clock, 'the next one arrives', () => taken() === 1)
  // what was passed over can be had
  const { replayed, more } = await rig.webhooks.replayRange(customer, { after: hold.sequence ?? 0, until: 4 })
  assert.deepEqual([replayed, more], [3, false])
  await inTime(clock, 'the rest arrives', () => taken() === 4)
})

test('a stop is of one URI: another one is sent to at once, with what waited', async () => {
  const clock = new ManualClock()
  const [rig, old, next] = await Promise.all([Rig.start(clock), receiver(), receiver()])
  const customer = rig.customer(old.url())
  old.treat = () => (_, response) => response.writeHead(503, { 'retry-after': '3000' }).end()
  await rig.announce(customer, [{ type: 'call_created', resource_id: uuid() }])
  await eventually('it is stored', async () => (await rig.rows('id')).length === 1)
  rig.customers.set(customer, { uri: next.url(), method: '', secrets: { current: SECRET, previous: '' } })
  await rig.announce(customer, [{ type: 'call_hangup', resource_id: uuid() }])
  await next.untilType('call_hangup')
  await inTime(clock, 'what waited arrives', () => next.delivered().length === 2)
  assert.ok(clock.wallMs() < Date.parse('2026-01-02T03:30:00Z'), 'it did not wait for the hold')
  assert.deepEqual((await rig.webhooks.listHolds(customer, { size: 10 })).result, [])
})

test('what an activeflow named is stopped for that activeflow alone', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url('/customer'))
  const flow = uuid()
  rig.activeflows.set(flow, { uri: target.url('/activeflow'), method: '' })
  target.treat = ({ path }) => (path === '/activeflow' ? 410 : 200)
  const about = { type: 'call_created', activeflow_id: flow }
  await rig.announce(customer, [{ ...about, resource_id: uuid() }])
  await eventually(
    'it is stopped',
    async () => (await rig.webhooks.listHolds(customer, { size: 1 })).result.length === 1,
  )
  await rig.announce(customer, [{ ...about, resource_id: uuid() }])
  await inTime(clock, 'both reach the customer', () => target.delivered('/customer').length === 2)
  await inTime(clock, 'the cursor is at the end', async () => (await rig.cursor(customer)) === 2)
  assert.equal(target.received.filter(({ path }) => path === '/activeflow').length, 1)
  const [hold] = (await rig.webhooks.listHolds(customer, { size: 1 })).result
  assert.deepEqual([hold?.target, hold?.activeflow_id], ['activeflow', flow])
})

test('an answer of the 400s is taken, not repeated, and told apart in the log with what it said', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url())
  target.treat = () => (_, response) => response.writeHead(422).end(`no\u0000 such\ncall ${'x'.repeat(5_000)}`)
  await rig.announce(customer, [{ resource_id: uuid() }])
  const [refused] = await eventually('it is in the log', async () => {
    const all = await deliveriesOf(rig, customer)
    return all.length > 0 && all
  })
  assert.equal(refused?.status, 'refused')
  const { attempts } = await rig.webhooks.get(customer, refused?.id ?? '')
  assert.equal(attempts[0]?.failure, 'status')
  assert.ok(attempts[0]?.response.startsWith('no such\ncall xxx'))
  assert.ok((attempts[0]?.response.length ?? 0) <= 1_024)
  assert.equal(target.received.length, 1)
})

test('receivers that answer garbage, megabytes, drop by drop or break off are failures with a reason, not trouble', async () => {
  const rig = await Rig.start(new ManualClock(), { timeouts: { headersMs: 300, totalMs: 2_000 } })
  const speak = (bytes: string, end = true) =>
    raw((socket) => {
      if (end) socket.end(bytes)
      else socket.write(bytes)
    })
  const big = await receiver()
  big.treat = () => (_, response) => response.writeHead(500).end(Buffer.alloc(10 << 20, 'x'))
  const dripping = await receiver()
  dripping.treat = () => (_, response) => response.writeHead(500).write('a drop')
  const targets: [string, string, number, string, string][] = [
    [await speak('this is no HTTP\r\n\r\n'), 'protocol', 0, 'HPE_INVALID_CONSTANT', ''],
    [
      await speak(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(100)}\r\n`.repeat(400)}\r\n`),
      'protocol',
      0,
      'HPE_HEADER_OVERFLOW',
      '',
    ],
    [await speak('', false), 'timeout', 0, 'headers', ''],
    [await speak('HTTP/1.1 200 OK\r\nx: ', false), 'timeout', 0, 'headers', ''],
    [await speak('HTTP/1.1 200'), 'closed', 0, '', ''],
    [big.url(), 'status', 500, '', 'x'.repeat(1_024)],
    [dripping.url(), 'status', 500, '', 'a drop'],
    ['http://10.0.0.1/', 'blocked', 0, '', ''],
    ['http://user:secret@127.0.0.1:1/', 'connect', 0, 'ECONNREFUSED', ''],
  ]
  for (const [uri, failure, status, detail, response] of targets) {
    const customer = rig.customer(uri)
    await rig.announce(customer, [{ resource_id: uuid() }])
    const row = await inTime(rig.clock as ManualClock, `${uri} has failed`, async () => {
      const [row] = await deliveriesOf(rig, customer)
      return row?.attempt_count === 1 && row
    })
    const [attempt] = (await rig.webhooks.get(customer, row.id)).attempts
    assert.deepEqual([attempt?.failure, attempt?.http_status, attempt?.response], [failure, status, response])
    if (detail !== '') assert.equal(attempt?.detail, detail)
    assert.ok(!JSON.stringify(attempt).includes('secret'))
    rig.customers.delete(customer)
  }
})

test('a name that stands for a public address first and for one inside later reaches nothing inside', async () => {
  // 127.0.0.2 is what may be reached here, 127.0.0.1 is inside
  let reached = 0
  const inside = http.createServer((_, response) => {
    reached++
    response.end()
  })
  inside.listen(0, '127.0.0.1')
  await once(inside, 'listening')
  const { port } = inside.address() as AddressInfo
  let taken = 0
  const outside = http.createServer((_, response) => {
    taken++
    response.setHeader('connection', 'close').end()
  })
  outside.listen(port, '127.0.0.2')
  await once(outside, 'listening')
  after(() => {
    inside.close()
    outside.close()
  })
  let addresses = ['127.0.0.2']
  const resolve = async () => addresses
  const rig = await Rig.start(systemClock, { allowPrivate: ['127.0.0.2/32'], resolve })
  const customer = rig.customer(`http://rebind.example.com:${port}/`)
  await rig.announce(customer, [{ resource_id: uuid() }])
  await eventually('the public one is reached', () => taken === 1)
  addresses = ['127.0.0.1', '127.0.0.2']
  await rig.announce(customer, [{ resource_id: uuid() }])
  await eventually('of both the public one is taken', () => taken === 2)
  addresses = ['127.0.0.1']
  await rig.announce(customer, [{ resource_id: uuid() }])
  const blocked = await eventually('the other one is refused', async () => {
    const [row] = await deliveriesOf(rig, customer, { status: 'pending' })
    return row?.last_attempt ?? undefined
  })
  assert.deepEqual([blocked.failure, blocked.detail], ['blocked', ''])
  assert.equal(reached, 0)
})

test('what a flow asked for is in the log, waited for or not, and goes once more as it was', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer('')
  const flow = uuid()
  let failures = 1
  target.treat = () => (failures-- > 0 ? 503 : 200)
  const sender = new WebhookSender(rig.needs)
  const request = {
    uri: `http://u:p@127.0.0.1:${target.port}/`,
    method: 'PUT',
    data_type: 'text/plain',
    data: 'hi',
  } as const
  const answer = await sender.send(customer, { ...request, sync: true, key: `${flow}:1` })
  assert.deepEqual(answer, { ok: true, status: 200, body: '' })
  const [waited] = await deliveriesOf(rig, customer)
  assert.deepEqual(
    [waited?.target, waited?.activeflow_id, waited?.status, waited?.attempt_count, waited?.sequence],
    ['flow', flow, 'delivered', 2, null],
  )
  assert.equal(waited?.last_attempt?.uri, target.url())
  await sender.send(customer, { ...request, sync: false, key: `${flow}:2` })
  const done = await eventually('it is delivered', async () =>
    (await deliveriesOf(rig, customer)).find(({ id, status }) => id !== waited?.id && status === 'delivered'),
  )
  const { id } = await rig.webhooks.replay(customer, done.id)
  await eventually('it goes once more', async () => (await rig.webhooks.get(customer, id)).status === 'delivered')
  const [, , first, second] = target.received
  for (const header of ['idempotency-key', 'webhook-id', 'content-type', 'authorization'])
    assert.equal(first?.headers[header], second?.headers[header])
  assert.deepEqual([first?.raw, first?.method], [second?.raw, second?.method])
  assert.equal(second?.headers['x-voipbin-delivery'], id)
  // one that nobody could take ends as failed, and can be had later too
  failures = 9
  await sender.send(customer, { ...request, sync: true, key: `${flow}:3` })
  const [failed] = await deliveriesOf(rig, customer, { status: 'failed' })
  assert.equal(failed?.attempt_count, 3)
  failures = 0
  const again = await rig.webhooks.replay(customer, failed?.id ?? '')
  await eventually(
    'it is delivered late',
    async () => (await rig.webhooks.get(customer, again.id)).status === 'delivered',
  )
})

test('figures tell attempts by outcome, dead letters, and what is held', async () => {
  const clock = new ManualClock()
  const metrics = new Metrics()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const { onAttempt } = watchWebhooks(metrics, rig.database.db)
  await rig.delivery.stop()
  rig.onAttempt = onAttempt
  await rig.restart()
  target.treat = ({ path }) => Number(path.slice(1))
  const failing = rig.customer(target.url('/500'))
  for (const status of [200, 404, 410]) {
    const customer = rig.customer(target.url(`/${status}`))
    await rig.announce(customer, [{ resource_id: uuid() }])
  }
  await rig.announce(failing, [{ resource_id: uuid() }])
  await inTime(clock, 'all are known', async () => (await rig.rows('id')).length === 1 && target.received.length === 4)
  const shown = await eventually('the hold is there', async () => {
    const text = await metrics.text()
    return text.includes('strowger_webhook_holds{reason="gone"} 1') && text
  })
  for (const line of [
    'webhook_attempts_total{outcome="delivered",failure="none"} 1',
    'webhook_attempts_total{outcome="refused",failure="status"} 1',
    'webhook_attempts_total{outcome="gone",failure="status"} 1',
    'webhook_attempts_total{outcome="failed",failure="status"} 1',
    'webhook_attempt_seconds_count{outcome="failed"} 1',
    'webhook_deliveries{status="pending"} 1',
    'webhook_deliveries{status="failed"} 0',
    'webhook_holds{reason="retry_after"} 0',
  ])
    assert.ok(shown.includes(`strowger_${line}`), line)
})

test('the log and what was given up are forgotten after thirty days', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  await rig.announce(customer, [{ resource_id: uuid() }])
  await untilIs(rig, customer, 'delivered')
  clock.advance(29 * DAY_MS)
  await rig.announce(customer, [{ resource_id: uuid() }])
  await inTime(clock, 'both are there', async () => (await deliveriesOf(rig, customer)).length === 2)
  clock.advance(2 * DAY_MS)
  await inTime(clock, 'the older one is gone', async () => (await deliveriesOf(rig, customer)).length === 1)
  assert.deepEqual(
    await rig.database.db.query(
      `SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^webhook_log_' AND relname < 'webhook_log_20260103'`,
    ),
    [],
  )
})

/** A server that speaks bytes. */
async function raw(speak: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    after(() => socket.destroy())
    socket.once('data', () => speak(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
