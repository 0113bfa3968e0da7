import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { ManualClock, systemClock } from '#platform/time'
import { eventually } from '#testkit'
import { ATTEMPTS, RETRY_DELAYS_MS, WebhookDelivery, WebhookSender } from './index.ts'
import { deliveriesOf, inTime, Rig, receiver, SECRET, uuid } from './test-rig.ts'

test('a public event arrives as type and data, signed, with its id, sequence and time', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url('/hook'))
  const id = uuid()
  const data = { id, status: 'hangup', text: 'grüße €' }
  const tm_create = '2026-01-02T03:04:05.123456Z'
  await rig.announce(customer, [
    { type: 'call_hidden', resource_id: id, public: false },
    { type: 'call_hangup', resource_id: id, data, tm_create },
  ])
  const [got] = await target.until(1)
  assert.ok(got)
  assert.deepEqual(JSON.parse(got.raw), { type: 'call_hangup', data })
  assert.deepEqual([got.method, got.path, got.headers['content-type']], ['POST', '/hook', 'application/json'])
  assert.equal(got.sequence, 1)
  assert.equal(got.headers['x-voipbin-timestamp'], tm_create)
  const [event] = await rig.database.db.query<{ id: string }>("SELECT id FROM ledger WHERE type = 'call_hangup'")
  assert.equal(got.event_id, event?.id)
  target.checkSignatures(SECRET)
  assert.equal(target.received.length, 1)
  assert.equal(await eventually('the cursor has passed both', async () => (await rig.cursor(customer)) || undefined), 2)
})

test('the method is the one that the customer set', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  await rig.announce(rig.customer(target.url(), 'PUT'), [{ resource_id: uuid() }])
  assert.equal((await target.until(1))[0]?.method, 'PUT')
})

test('without a secret there is no signature, without a URI no request', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const [silent, unsigned] = [rig.customer(''), uuid()]
  rig.customers.set(unsigned, { uri: target.url(), method: '', secrets: { current: '', previous: '' } })
  await rig.announce(silent, [{ resource_id: uuid() }])
  await rig.announce(unsigned, [{ resource_id: uuid() }])
  assert.equal((await target.until(1))[0]?.signature, '')
  await eventually('the silent one is read', async () => (await rig.cursor(silent)) === 1)
  assert.equal(target.received.length, 1)
})

test('hundreds of events arrive in order per resource, without a gap', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url())
  const resources = Array.from({ length: 20 }, uuid)
  const events = Array.from({ length: 600 }, (_, at) => ({ resource_id: resources[(at * 7) % 20] ?? NIL_UUID }))
  for (let at = 0; at < 600; at += 100) await rig.announce(customer, events.slice(at, at + 100))
  await target.until(600)
  assert.equal(target.checkOrder(), 600)
  assert.ok(target.mostAtOnce <= 8, `${target.mostAtOnce} requests at once`)
  await eventually('the cursor is at the end', async () => (await rig.cursor(customer)) === 600)
  await eventually('nothing is left', async () => (await rig.rows('id')).length === 0)
})

test('an event that nobody poked for is found by the poll', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  await rig.announce(rig.customer(target.url()), [{ resource_id: uuid() }], false)
  await target.until(1, 3_000)
})

test('while an event is retried its resource waits and other resources overtake it', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  const [failing, other] = [uuid(), uuid()]
  let broken = true
  target.treat = ({ data }) => (broken && data.id === failing ? 500 : 200)
  await rig.announce(customer, [
    { type: 'call_created', resource_id: failing },
    { type: 'call_progressing', resource_id: failing },
    { type: 'call_created', resource_id: other },
    { type: 'call_hangup', resource_id: failing },
    { type: 'call_hangup', resource_id: other },
  ])
  await target.until(2)
  const waiting = await eventually('what fails is stored', async () => {
    const rows = await rig.rows<{ type: string; attempts: number; tm_next: string | null }>('type, attempts, tm_next')
    return rows.length === 3 && rows
  })
  assert.deepEqual(
    waiting.map(({ type, attempts, tm_next }) => [type, attempts, tm_next]),
    [
      ['call_created', 1, '2026-01-02T03:04:10.000000Z'],
      ['call_progressing', 0, null],
      ['call_hangup', 0, null],
    ],
  )
  // what happens to the resource meanwhile waits too
  await rig.announce(customer, [{ type: 'call_deleted', resource_id: failing }])
  await eventually('it is stored behind', async () => (await rig.rows('id')).length === 4)
  assert.equal(target.received.filter(({ data }) => data.id === failing).length, 1)
  broken = false
  await inTime(clock, 'all arrive', () => target.delivered().length === 6)
  const order = target.delivered().filter(({ data }) => data.id === failing)
  assert.deepEqual(
    order.map(({ type }) => type),
    ['call_created', 'call_progressing', 'call_hangup', 'call_deleted'],
  )
  assert.equal(target.checkOrder(), 6)
  await inTime(clock, 'nothing is left', async () => (await rig.rows('id')).length === 0)
})

test('ten attempts are made over about three days, then the event is a dead letter and its resource goes on', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  const id = uuid()
  const triedAtMs: number[] = []
  target.treat = ({ type }) => {
    if (type === 'call_hangup') return 200
    triedAtMs.push(clock.wallMs())
    return 503
  }
  await rig.announce(customer, [
    { type: 'call_created', resource_id: id },
    { type: 'call_hangup', resource_id: id },
  ])
  for (const [at, delayMs] of RETRY_DELAYS_MS.entries()) {
    await eventually(`failure ${at + 1} is counted`, async () => {
      return (await rig.rows<{ attempts: number }>('attempts'))[0]?.attempts === at + 1
    })
    clock.advance(delayMs - 1_000)
    await inTime(clock, `attempt ${at + 2} is made`, () => triedAtMs.length === at + 2)
    const passedMs = (triedAtMs[at + 1] ?? 0) - (triedAtMs[at] ?? 0)
    assert.ok(passedMs >= delayMs && passedMs < delayMs + 60_000, `attempt ${at + 2} came after ${passedMs} ms`)
  }
  const days = ((triedAtMs.at(-1) ?? 0) - (triedAtMs[0] ?? 0)) / 86_400_000
  assert.ok(days > 2.8 && days < 3.4, `it took ${days} days`)
  await inTime(clock, 'the resource goes on', () => target.delivered().length === 1)
  assert.equal(triedAtMs.length, ATTEMPTS)
  assert.equal(target.delivered()[0]?.type, 'call_hangup')
  const [dead, ...more] = await deliveriesOf(rig, customer, { status: 'failed' })
  assert.equal(more.length, 0)
  const { http_status, failure } = dead?.last_attempt ?? {}
  assert.deepEqual(
    [dead?.event_type, dead?.attempt_count, http_status, failure, dead?.tm_next],
    ['call_created', 10, 503, 'status', null],
  )
  assert.deepEqual(await deliveriesOf(rig, uuid()), [])
  assert.equal(rig.delivery.counts.givenUp, 1)
})

test('any final answer below 500 is taken as delivered, redirects are followed', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url('/moved'))
  target.treat = ({ path }) =>
    path === '/moved' ? (_, response) => response.writeHead(307, { location: '/final' }).end() : 404
  await rig.announce(customer, [{ resource_id: uuid() }])
  const [got] = await target.until(1)
  assert.deepEqual([got?.path, got?.method], ['/final', 'POST'])
  target.checkSignatures(SECRET)
  await eventually('the cursor moves', async () => (await rig.cursor(customer)) === 1)
  assert.deepEqual(await rig.rows('id'), [])
})

test('after a restart in the middle nothing is missing and the order holds', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url())
  const resources = Array.from({ length: 10 }, uuid)
  target.treat = () => (_, response) => {
    const webhook = target.received.at(-1)
    systemClock.after(5, () => {
      if (webhook) webhook.status = 200
      response.writeHead(200).end()
    })
  }
  const events = Array.from({ length: 300 }, (_, at) => ({ resource_id: resources[at % 10] ?? NIL_UUID }))
  await rig.announce(customer, events)
  for (const count of [40, 120, 200]) {
    await target.until(count)
    await rig.restart()
  }
  await eventually('all have arrived', () => new Set(target.delivered().map(({ sequence }) => sequence)).size === 300)
  assert.equal(target.checkOrder(), 300)
  assert.ok(target.received.length < 400, `${target.received.length} requests for 300 events`)
})

test('what failed before a restart is tried again after it, in order', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  const id = uuid()
  target.treat = () => 500
  await rig.announce(customer, [
    { type: 'call_created', resource_id: id },
    { type: 'call_hangup', resource_id: id },
  ])
  await eventually('both are stored', async () => (await rig.rows('id')).length === 2)
  await eventually('the cursor has passed them', async () => {
    clock.advance(100)
    return (await rig.cursor(customer)) === 2
  })
  target.treat = () => 200
  await rig.restart()
  await inTime(clock, 'both arrive', () => target.delivered().length === 2)
  assert.deepEqual(
    target.delivered().map(({ type }) => type),
    ['call_created', 'call_hangup'],
  )
})

test('a change of the URI takes effect with the next event and with every repeat', async () => {
  const clock = new ManualClock()
  const [rig, old, next] = await Promise.all([Rig.start(clock), receiver(), receiver()])
  const customer = rig.customer(old.url())
  old.treat = () => 500
  await rig.announce(customer, [{ type: 'call_created', resource_id: uuid() }])
  await eventually('it is stored', async () => (await rig.rows('id')).length === 1)
  rig.customers.set(customer, { uri: next.url(), method: '', secrets: { current: 'another', previous: '' } })
  await rig.announce(customer, [{ type: 'call_hangup', resource_id: uuid() }])
  await next.untilType('call_hangup')
  await inTime(clock, 'the repeat arrives', () => next.delivered().length === 2)
  next.checkSignatures('another')
  assert.equal(old.received.length, 1)
})

test('when the URI is taken away, what waits is dropped', async () => {
  const clock = new ManualClock()
  const [rig, target] = await Promise.all([Rig.start(clock), receiver()])
  const customer = rig.customer(target.url())
  target.treat = () => 500
  await rig.announce(customer, [{ resource_id: uuid() }])
  await eventually('it is stored', async () => (await rig.rows('id')).length === 1)
  rig.customers.set(customer, { uri: '', method: '', secrets: { current: SECRET, previous: '' } })
  await inTime(clock, 'it is dropped', async () => (await rig.rows('id')).length === 0)
  assert.equal(target.received.length, 1)
})

test("an activeflow's webhook gets what belongs to it, its own events included, beside the customer's", async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url('/customer'))
  const [flow, call] = [uuid(), uuid()]
  rig.activeflows.set(flow, { uri: target.url('/activeflow'), method: 'PUT' })
  await rig.announce(customer, [
    { type: 'activeflow_created', resource: 'activeflow', resource_id: flow },
    { type: 'call_created', resource_id: call, activeflow_id: flow },
    { type: 'call_created', resource_id: uuid(), activeflow_id: uuid() },
    { type: 'call_created', resource_id: uuid() },
  ])
  await target.until(6)
  const types = (path: string) => target.delivered(path).map(({ type }) => type)
  assert.deepEqual(types('/activeflow').sort(), ['activeflow_created', 'call_created'])
  assert.equal(types('/customer').length, 4)
  assert.ok(target.delivered('/activeflow').every(({ method }) => method === 'PUT'))
  target.checkSignatures(SECRET)
})

test('targets that hang, flood, redirect inside or are forbidden do no harm to others, and are tried again', async () => {
  const [rig, hanging, good] = await Promise.all([
    Rig.start(systemClock, { timeouts: { totalMs: 4_000 } }),
    receiver(),
    receiver(),
  ])
  hanging.treat = () => 'hang'
  const flooding = await receiver()
  let flooded = 0
  flooding.treat = () => (_, response) => {
    const more = () => {
      while (!response.destroyed && flooded < 5e8) {
        flooded += 65_536
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
      }
    }
    more()
  }
  const inside = await receiver()
  inside.treat = () => (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  const bad = [
    ...Array.from({ length: 40 }, () => rig.customer(hanging.url())),
    rig.customer(flooding.url()),
    rig.customer(inside.url()),
    rig.customer('http://10.0.0.1/'),
  ]
  for (const customer of bad)
    await rig.announce(
      customer,
      Array.from({ length: 20 }, () => ({ resource_id: uuid() })),
    )
  await eventually('they hang', () => hanging.received.length >= 40)
  const customer = rig.customer(good.url())
  const startMs = systemClock.monotonicMs()
  await rig.announce(
    customer,
    Array.from({ length: 100 }, () => ({ resource_id: uuid() })),
  )
  await good.until(100, 3_000)
  const tookMs = systemClock.monotonicMs() - startMs
  assert.ok(tookMs < 2_000, `100 events took ${tookMs} ms`)
  assert.ok(hanging.mostAtOnce <= 80, `${hanging.mostAtOnce} requests hang at once`)
  // the flood is taken as delivered by its status and cut off; the others are stored for a repeat
  await eventually('the cursors have passed all', async () => {
    const behind = await Promise.all(bad.map((each) => rig.cursor(each)))
    return behind.every((position) => position === 20)
  })
  assert.ok(flooded < 1e8, `${flooded} bytes were taken`)
  const rows = await rig.rows<{ customer_id: string }>('customer_id')
  const kept = (at: number) => rows.filter(({ customer_id }) => customer_id === bad[at]).length
  assert.deepEqual([kept(0), kept(41), kept(42)], [20, 20, 20])
})

test('of two processes one delivers, and the other takes over when it is gone', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const second = new WebhookDelivery(rig.needs)
  second.start()
  after(() => second.stop())
  const customer = rig.customer(target.url())
  await rig.announce(customer, [{ resource_id: uuid() }, { resource_id: uuid() }])
  await target.until(2)
  assert.equal(second.counts.delivering, false)
  await rig.delivery.stop()
  await eventually('the second one takes over', () => second.counts.delivering)
  await rig.announce(customer, [{ resource_id: uuid() }])
  await target.until(3)
  assert.equal(target.checkOrder(), 3)
  assert.equal(target.received.length, 3)
})

test('when the database cuts off who delivers in the middle, nothing is missing and the order holds', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer(target.url())
  const resources = Array.from({ length: 10 }, uuid)
  await rig.announce(
    customer,
    Array.from({ length: 300 }, (_, at) => ({ resource_id: resources[at % 10] ?? NIL_UUID })),
  )
  await target.until(60)
  await rig.database.db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strowger webhooks' AND datname = $1`,
    [rig.database.name],
  )
  await eventually('the right is lost', () => !rig.delivery.counts.delivering)
  await eventually('all have arrived', () => new Set(target.delivered().map(({ sequence }) => sequence)).size === 300)
  assert.equal(target.checkOrder(), 300)
})

test('a stop does not wait for a target that hangs', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  target.treat = () => 'hang'
  await rig.announce(rig.customer(target.url()), [{ resource_id: uuid() }])
  await eventually('it hangs', () => target.received.length === 1)
  const startMs = systemClock.monotonicMs()
  await rig.delivery.stop()
  assert.ok(systemClock.monotonicMs() - startMs < 1_500)
  assert.equal((await rig.rows('id')).length, 1)
})

test("a flow's request without waiting is stored first, then sent with its key and the customer's signature", async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer('')
  const sender = new WebhookSender(rig.needs)
  const key = `${uuid()}:3`
  const request = { uri: target.url('/flow'), method: 'PUT', data_type: 'text/plain', data: 'hello', key } as const
  await rig.delivery.stop()
  assert.deepEqual(await sender.send(customer, { ...request, sync: false }), { ok: true, status: 202, body: '' })
  assert.equal((await rig.rows<{ key: string }>('key'))[0]?.key, key)
  // a repeat of the same step before it was sent is the same request
  await sender.send(customer, { ...request, sync: false })
  rig.run()
  const [got] = await target.until(1)
  assert.deepEqual(
    [got?.raw, got?.method, got?.headers['content-type'], got?.headers['idempotency-key']],
    ['hello', 'PUT', 'text/plain', key],
  )
  target.checkSignatures(SECRET)
  await eventually('nothing is left', async () => (await rig.rows('id')).length === 0)
  assert.equal(target.received.length, 1)
})

test('a request that a flow does not wait for is tried three times, a second apart, and kept when all fail', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const customer = rig.customer('')
  target.treat = () => 500
  const request = { uri: target.url(), method: 'POST', data_type: '', data: '{}', sync: false, key: 'a:1' } as const
  await new WebhookSender(rig.needs).send(customer, request)
  await eventually('it is given up', () => rig.delivery.counts.givenUp === 1)
  assert.equal(target.received.length, 3)
  const [dead] = await deliveriesOf(rig, customer)
  assert.deepEqual(
    [dead?.target, dead?.event_type, dead?.attempt_count, dead?.status],
    ['flow', 'webhook_send', 3, 'failed'],
  )
})

test('a request that a flow waits for gives the answer, or after three attempts why there is none', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const sender = new WebhookSender(rig.needs)
  const customer = rig.customer('')
  let failures = 2
  target.treat = () => (_, response) => {
    if (failures-- > 0) response.writeHead(503).end('busy')
    else response.writeHead(200).end('{"a":1}')
  }
  const request = { uri: target.url(), method: 'POST', data_type: '', data: '{}', sync: true, key: 'a:1' } as const
  assert.deepEqual(await sender.send(customer, request), { ok: true, status: 200, body: '{"a":1}' })
  assert.equal(target.received.length, 3)
  const [first, second] = target.received
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) > 900, 'the attempts are a second apart')
  target.checkSignatures(SECRET)
  failures = 9
  assert.deepEqual(await sender.send(customer, request), { ok: true, status: 503, body: 'busy' })
  const blocked = { ...request, uri: 'http://10.0.0.1/' }
  assert.deepEqual(await sender.send(customer, blocked), { ok: false, cause: 'blocked' })
})

test('an answer larger than is of use, or later than is waited for, is a failure; else its beginning is kept, and said so', async () => {
  const [rig, target] = await Promise.all([Rig.start(), receiver()])
  const sender = new WebhookSender(rig.needs)
  const customer = rig.customer('')
  const request = { uri: target.url(), method: 'POST', data_type: '', data: '{}', sync: true, key: 'a:1' } as const
  target.treat = () => (_, response) => response.writeHead(200).end('x'.repeat(100_000))
  assert.deepEqual(await sender.send(customer, { ...request, most_bytes: 99_999 }), { ok: false, cause: 'too_large' })
  const whole = await sender.send(customer, { ...request, most_bytes: 100_000 })
  assert.equal(whole.ok && whole.body.length, 100_000)
  const cut = await sender.send(customer, request)
  assert.deepEqual(cut.ok && [cut.body.length, cut.truncated], [65_536, true])
  target.treat = () => 'hang'
  assert.deepEqual(await sender.send(customer, { ...request, within_ms: 300 }), { ok: false, cause: 'timeout' })
})
