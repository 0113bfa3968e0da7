import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { after, test } from 'node:test'
import { threadHub } from '#platform/bus'
import { DatabaseUnavailable } from '#platform/db'
import { appendEvents, eventRoutes, LEDGER_MOVED, type NewEvent, PublicEvents } from '#platform/events'
import { type Authenticate, apiErrors, openHttpServer, Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { type Clock, ManualClock, systemClock } from '#platform/time'
import {
  apiClient,
  assertReason,
  eventually,
  type Json,
  pause,
  refused,
  TestAccounts,
  type TestCustomer,
  WebSocketClient,
  type WebSocketClientOptions,
} from '#testkit'
import { type Limits, WebSockets, webSocketRoutes } from './index.ts'

const accounts = await TestAccounts.start()
const uuid = () => systemIds.uuid()

interface RigOptions {
  /** What the sockets read, in place of the rig's own. */
  events?: (own: PublicEvents) => PublicEvents
  clock?: Clock
  limits?: Partial<Limits>
  authenticate?: Authenticate
}

/** The endpoint over real HTTP, on the accounts' database; events are announced and numbered by hand. */
class Rig {
  readonly bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
  readonly metrics = new Metrics()
  readonly events = new PublicEvents({ db: accounts.db, bus: this.bus, clock: systemClock })
  readonly sockets: WebSockets
  url = ''

  static async start({ clock = systemClock, limits = {}, authenticate, events }: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(clock, limits, events)
    const server = await openHttpServer({
      routes: [...webSocketRoutes(rig.sockets), ...eventRoutes(rig.events)],
      authenticate: authenticate ?? accounts.authenticator.authenticate,
      catalogues: [apiErrors],
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      metrics: new Metrics(),
      version: 'test',
      strictReasons: true,
    })
    rig.url = await server.listen('127.0.0.1', 0)
    rig.sockets.start()
    after(async () => {
      if (clock instanceof ManualClock) setImmediate(() => clock.advance(2_000))
      await Promise.all([rig.sockets.stop(), server.close()])
    })
    return rig
  }

  private constructor(clock: Clock, limits: Partial<Limits>, replace = (own: PublicEvents) => own) {
    const { bus, metrics } = this
    const events = replace(this.events)
    this.sockets = new WebSockets({ events, bus, clock, log: silentLog, metrics, agents: accounts.agents, limits })
  }

  get wsUrl(): string {
    return `${this.url}/v1.0/ws`
  }

  /** Opens a socket; what happened before has happened before. */
  async open(query: string, options?: WebSocketClientOptions): Promise<WebSocketClient> {
    await accounts.db.query('SELECT ledger_move(10000)')
    const client = await WebSocketClient.open(`${this.wsUrl}?${query}`, options)
    after(() => client.close())
    return client
  }

  async announce(customer_id: string, events: readonly Partial<NewEvent>[], poke = true): Promise<void> {
    await accounts.db.transaction((trx) =>
      appendEvents(
        trx,
        events.map((event) => ({
          customer_id,
          type: 'call_updated',
          resource: 'call',
          resource_id: NIL_UUID,
          public: true,
          activeflow_id: NIL_UUID,
          data: { id: event.resource_id ?? NIL_UUID },
          ...event,
        })),
      ),
    )
    await accounts.db.query('SELECT ledger_move(10000)')
    if (poke) this.bus.publish(LEDGER_MOVED, { customers: [customer_id] })
  }

  async figure(name: string): Promise<number> {
    const line = (await this.metrics.text()).split('\n').find((each) => each.startsWith(`strowger_${name}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
}

const types = (events: readonly Json[]) => events.map(({ type }) => type)

/** Lets time pass on both clocks, a little at a time, until it is so; gives how long it took. */
async function inTime<T>(clock: ManualClock, what: string, probe: () => T | undefined | false): Promise<number> {
  const beganMs = clock.monotonicMs()
  await eventually(what, () => {
    if (probe()) return true
    clock.advance(250)
    return probe()
  })
  return clock.monotonicMs() - beganMs
}

test('whoever may not have a socket is refused with the envelope before the upgrade', async () => {
  const { accesskey } = await accounts.customer()
  const kinds: Authenticate = async ({ token = '' }) => ({
    kind: token as 'direct',
    customer_id: uuid(),
    agent_id: NIL_UUID,
    permission: token === 'delegate' ? Permission.CustomerAdmin : 0,
  })
  const [rig, other] = await Promise.all([Rig.start(), Rig.start({ authenticate: kinds })])
  const wrong = `${accesskey.slice(0, -1)}${accesskey.endsWith('x') ? 'y' : 'x'}`
  assertReason(await refused(rig.wsUrl), 401, 'AUTHENTICATION_REQUIRED')
  assertReason(await refused(`${rig.wsUrl}?accesskey=${wrong}`), 401, 'INVALID_CREDENTIALS')
  assertReason(await refused(`${rig.wsUrl}?accesskey=${accesskey}&token=x.y.z`), 401, 'INVALID_CREDENTIALS')
  assertReason(await refused(`${rig.wsUrl}?accesskey=${accesskey}&after=x`), 400, 'INVALID_REQUEST_PARAMETER')
  for (const kind of ['direct', 'delegate'])
    assertReason(await refused(`${other.wsUrl}?token=${kind}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test('what is no WebSocket handshake is 400 INVALID_ARGUMENT that names the header', async () => {
  const { accesskey } = await accounts.customer()
  const rig = await Rig.start()
  const client = apiClient(rig.url, { accesskey })
  const plain = await client.get('/v1.0/ws')
  assertReason(plain, 400, 'INVALID_ARGUMENT')
  assert.equal(plain.body.error.details[0].field, 'Upgrade')
  for (const [header, value] of [
    ['Sec-WebSocket-Key', 'short'],
    ['Sec-WebSocket-Version', '99'],
    ['Sec-WebSocket-Protocol', ' ,;'],
  ] as const) {
    const answer = await handshake(rig, accesskey, { [header]: value })
    assert.deepEqual([answer.status, answer.connection], [400, 'close'], header)
    assert.equal(answer.body.error.reason, 'INVALID_ARGUMENT')
    assert.equal(answer.body.error.details[0].field, header)
  }
})

/** A handshake with headers that no client of a library would send. */
async function handshake(rig: Rig, accesskey: string, headers: Record<string, string>) {
  const right = { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13' }
  const asked = request(`${rig.wsUrl}?accesskey=${accesskey}`, {
    headers: { connection: 'Upgrade', upgrade: 'WebSocket', ...right, ...headers },
  }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response) text += part
  return { status: response.statusCode, connection: response.headers.connection, body: JSON.parse(text) }
}

test('a request that asks to be upgraded elsewhere is answered as if it had not', async () => {
  const { accesskey } = await accounts.customer()
  const rig = await Rig.start()
  const answer = await refused(`${rig.url}/v1.0/events?accesskey=${accesskey}`)
  assert.deepEqual([answer.status, answer.body.result], [200, []])
  assertReason(await refused(`${rig.url}/v1.0/nowhere`), 404, 'ROUTE_NOT_FOUND')
})

test('credentials are looked up as everywhere: query, cookies, header', async () => {
  const customer = await accounts.customer()
  const { token } = await customer.agent(Permission.CustomerManager)
  const { accesskey, id } = customer
  const rig = await Rig.start()
  const ways: [string, Record<string, string>][] = [
    [`accesskey=${accesskey}`, {}],
    [`token=${token}`, {}],
    ['', { cookie: `accesskey=${accesskey}` }],
    ['', { cookie: `token=${token}` }],
    ['', { authorization: `Bearer ${token}` }],
    ['', { authorization: `Bearer ${accesskey}` }],
  ]
  const clients = await Promise.all(ways.map(([query, headers]) => rig.open(query, { headers })))
  for (const client of clients) await client.subscribe(`customer_id:${id}`)
  await rig.announce(id, [{ type: 'call_hangup' }])
  for (const client of clients) assert.deepEqual(types(await client.until(1)), ['call_hangup'])
})

test('an event arrives as the body of its webhook, once, whatever topics it matches', async () => {
  const customer = await accounts.customer()
  const { accesskey, id } = customer
  const agent = await customer.agent(0)
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}`)
  const call = uuid()
  await client.subscribe(`customer_id:${id}`, `customer_id:${id}:call`, `customer_id:${id}:call:${call}`)
  await client.subscribe(`customer_id:${id}:call:call_hangup:${call}`, `agent_id:${agent.id}`)
  const data = { id: call, owner_id: agent.id, status: 'hangup', text: 'grüße €' }
  await rig.announce(id, [
    { type: 'call_hidden', resource_id: call, public: false, data },
    { type: 'call_hangup', resource_id: call, data },
    { type: 'call_deleted', resource_id: call, data },
  ])
  assert.deepEqual(await client.until(2), [
    { type: 'call_hangup', data },
    { type: 'call_deleted', data },
  ])
  assert.equal(await rig.figure('websocket_events_total'), 2)
})

test('who asks for it sees the number and id of each event', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}&sequence=true`)
  await client.subscribe(`customer_id:${id}:*`)
  await rig.announce(id, [{}, { public: false }, {}])
  const events = await client.until(2)
  const listed = (await apiClient(rig.url, { accesskey }).get('/v1.0/events')).body.result
  assert.deepEqual(
    events,
    listed.map(({ type, data, sequence, id: event_id }: Json) => ({ type, data, sequence, id: event_id })),
  )
})

test('a topic has what begins with it: whole words, parts of words, and all of it with a star', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const topics = ['queue', 'queue:*', 'queuecall:*', 'call:call_hangup', 'conversation', 'CALL', '*', 'nothing']
  const clients = await Promise.all(topics.map(() => rig.open(`accesskey=${accesskey}`)))
  for (const [at, topic] of topics.entries()) await clients[at]?.subscribe(`customer_id:${id.toUpperCase()}:${topic}`)
  const last = uuid()
  const sent = ['queue_created', 'queuecall_waiting', 'call_hangup', 'call_deleted', 'conversation_message_created']
  await rig.announce(
    id,
    [...sent, 'number_deleted'].map((type) => ({ type, data: { id: last } })),
  )
  const end = clients[topics.indexOf('*')]
  await end?.until(sent.length + 1)
  assert.deepEqual(
    clients.map((client) => types(client.events)),
    [
      ['queue_created', 'queuecall_waiting'],
      ['queue_created', 'queuecall_waiting'],
      ['queuecall_waiting'],
      ['call_hangup'],
      ['conversation_message_created'],
      ['call_hangup', 'call_deleted'],
      [...sent, 'number_deleted'],
      [],
    ],
  )
})

test('an agent without a role follows what is its own, and nothing else', async () => {
  const customer = await accounts.customer()
  const [agent, colleague] = await Promise.all([customer.agent(Permission.CustomerAgent), customer.agent(0)])
  const rig = await Rig.start()
  const client = await rig.open(`token=${agent.token}`)
  await client.subscribe(`agent_id:${agent.id}:`)
  await rig.announce(customer.id, [
    { type: 'call_created', data: { id: uuid(), owner_id: colleague.id } },
    { type: 'call_updated', data: { id: uuid(), owner_id: NIL_UUID } },
    { type: 'call_hangup', data: { id: uuid(), owner_id: agent.id } },
  ])
  assert.deepEqual(types(await client.until(1)), ['call_hangup'])
  for (const topic of [`customer_id:${customer.id}`, `agent_id:${colleague.id}`]) {
    const thief = await rig.open(`token=${agent.token}`)
    const answer = await thief.say({ type: 'subscribe', topics: [topic], request_id: 'r' })
    assert.deepEqual([answer.type, answer.error.reason], ['error', 'PERMISSION_DENIED'])
    assert.equal((await thief.ended()).code, 4403)
  }
})

test('an agent finds it beside all else that it asks for, and only an agent does', async () => {
  const customer = await accounts.customer()
  const agent = await customer.agent(0)
  const rig = await Rig.start()
  const url = `${rig.url}/v1.0/service_agents/ws`
  const client = await WebSocketClient.open(`${url}?token=${agent.token}`)
  after(() => client.close())
  await client.subscribe(`agent_id:${agent.id}`)
  await rig.announce(customer.id, [{ type: 'call_created', data: { id: uuid(), owner_id: agent.id } }])
  assert.deepEqual(types(await client.until(1)), ['call_created'])
  assertReason(await refused(`${url}?accesskey=${customer.accesskey}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test('a visitor hears the one thing that its token is for; a delegate opens no WebSocket', async () => {
  const customer = await accounts.customer()
  const { token } = await accounts.tokens.sign({
    ...{ type: 'direct', customer_id: customer.id, resource_type: 'ai', resource_id: uuid() },
    allowed_resource_types: ['aicall'],
  })
  const rig = await Rig.start()
  const client = await rig.open(`token=${token}`)
  const [mine, other] = [uuid(), uuid()]
  await client.subscribe(`customer_id:${customer.id}:aicall:${mine}`)
  await rig.announce(customer.id, [
    { type: 'aicall_created', resource: 'aicall', resource_id: other },
    { type: 'call_created', resource_id: mine },
    { type: 'aicall_ended', resource: 'aicall', resource_id: mine },
  ])
  assert.deepEqual(types(await client.until(1)), ['aicall_ended'])
  for (const topic of [`customer_id:${customer.id}`, `customer_id:${customer.id}:aicall:`]) {
    const thief = await rig.open(`token=${token}`)
    await thief.say({ type: 'subscribe', topics: [topic] })
    assert.deepEqual(await thief.ended(), { code: 4403, reason: 'PERMISSION_DENIED' })
  }
  const root = await customer.agent(Permission.ProjectSuperAdmin)
  const delegate = await accounts.tokens.sign({
    ...{ type: 'delegate', delegation_id: uuid(), customer_id: customer.id, agent_id: root.id },
    ...{ agent_customer_id: customer.id, token_version: 1 },
  })
  assertReason(await refused(`${rig.wsUrl}?token=${delegate.token}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test("nothing of another customer is ever heard, neither by its id nor by its agents'", async () => {
  const [mine, theirs] = await Promise.all([accounts.customer(), accounts.customer()])
  const theirAgent = await theirs.agent(Permission.CustomerAdmin)
  const rig = await Rig.start()
  for (const topic of [
    `customer_id:${theirs.id}`,
    `customer_id:${theirs.id}:call:${uuid()}`,
    `customer_id:${uuid()}`,
  ]) {
    const client = await rig.open(`accesskey=${mine.accesskey}`)
    await client.say({ type: 'subscribe', topics: [`customer_id:${mine.id}`, topic] })
    assert.deepEqual(await client.ended(), { code: 4403, reason: 'PERMISSION_DENIED' })
    assert.deepEqual(client.messages, [])
  }
  const [me, they] = await Promise.all([mine, theirs].map(({ accesskey }) => rig.open(`accesskey=${accesskey}`)))
  assert.ok(me && they)
  await me.subscribe(`customer_id:${mine.id}`)
  await they.subscribe(`customer_id:${theirs.id}`, `agent_id:${theirAgent.id}`)
  const owned = { id: uuid(), owner_id: theirAgent.id }
  for (let round = 0; round < 20; round++)
    for (const { id } of [mine, theirs])
      await rig.announce(id, [{ type: 'call_updated', data: { ...owned, customer_id: id, round } }])
  for (const [client, { id }] of [
    [me, mine],
    [they, theirs],
  ] as const) {
    const events = await client.until(20)
    assert.deepEqual(
      events.map(({ data }) => [data.customer_id, data.round]),
      Array.from({ length: 20 }, (_, round) => [id, round]),
    )
  }
})

test('a super admin follows any customer and any agent', async () => {
  const customer = await accounts.customer()
  const agent = await customer.agent(Permission.CustomerAgent)
  const root = await (await accounts.customer()).agent(Permission.ProjectSuperAdmin)
  const rig = await Rig.start()
  const [all, one] = await Promise.all([rig.open(`token=${root.token}`), rig.open(`token=${root.token}`)])
  assert.ok(all && one)
  await all.subscribe(`customer_id:${customer.id}:call`)
  await one.subscribe(`agent_id:${agent.id}`, `agent_id:${uuid()}`)
  await rig.announce(customer.id, [{ type: 'call_created' }, { data: { id: uuid(), owner_id: agent.id } }])
  assert.deepEqual(types(await all.until(2)), ['call_created', 'call_updated'])
  assert.deepEqual(types(await one.until(1)), ['call_updated'])
})

test('one bad topic closes the socket, and nothing of its message counts', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const bad = ['call', 'customer_id:x', `customer_id:${id}:a:b:c:d`, `customer_id:${id}::b`, `customer_id:${id}:*:b`]
  for (const topic of [...bad, `customer:${id}`, `customer_id:${id}:${'x'.repeat(300)}`, '']) {
    const client = await rig.open(`accesskey=${accesskey}`)
    const answer = await client.say({ type: 'subscribe', topics: [`customer_id:${id}`, topic], request_id: 'r1' })
    assert.deepEqual([answer.type, answer.request_id], ['error', 'r1'])
    assert.equal(answer.error.reason, 'INVALID_ARGUMENT')
    assert.equal(answer.error.details[0].field, 'topics[1]')
    assert.deepEqual(await client.ended(), { code: 4403, reason: 'INVALID_ARGUMENT' })
  }
})

test('a message that cannot be read closes the socket with 4400, a binary frame with 1003, a long one with 1009', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const many = (count: number) => Array.from({ length: count }, (_, at) => `customer_id:${id}:call:${at}`)
  const cases: [Json, number][] = [
    ['hello', 4400],
    ['[]', 4400],
    ['null', 4400],
    [{}, 4400],
    [{ type: 'subscribe' }, 4400],
    [{ type: 'subscribe', topics: 'customer_id' }, 4400],
    [{ type: 'subscribe', topics: [1] }, 4400],
    [{ type: 'subscribe', topics: [], request_id: 7 }, 4400],
    [{ type: 'subscribe', topics: many(101) }, 4400],
    [Buffer.from('{"type":"subscribe","topics":[]}'), 1003],
    [`"${'x'.repeat(65_535)}"`, 1009],
  ]
  for (const [message, code] of cases) {
    const client = await rig.open(`accesskey=${accesskey}`)
    await client.say(message)
    assert.equal((await client.ended()).code, code, String(JSON.stringify(message)).slice(0, 60))
  }
  const full = await rig.open(`accesskey=${accesskey}`)
  for (let at = 0; at < 5; at++) await full.subscribe(...many(500).slice(at * 100, at * 100 + 100))
  await full.subscribe(...many(100)) // the same again are no more
  const answer = await full.say({ type: 'subscribe', topics: [`customer_id:${id}`], request_id: 'more' })
  assert.equal(answer.error.details[0].field, 'topics')
  assert.equal((await full.ended()).code, 4400)
})

test('another type of message is passed over, with an answer for who asks for one', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}`)
  await client.say({ type: 'ping' })
  const answer = await client.say({ type: 'ping', request_id: 'p' })
  assert.equal(answer.error.reason, 'INVALID_ARGUMENT')
  await client.subscribe(`customer_id:${id}`)
  assert.equal(client.messages.length, 2)
})

test('what is unsubscribed is no longer heard, and the rest is', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}`)
  await client.subscribe(`customer_id:${id}:call:*`, `customer_id:${id}:number`)
  const topics = [`customer_id:${id}:call:`, `customer_id:${id}:never`]
  assert.deepEqual(await client.say({ type: 'unsubscribe', topics, request_id: 'u' }), {
    type: 'ack',
    request_id: 'u',
    data: { type: 'unsubscribe', topics },
  })
  await rig.announce(id, [{ type: 'call_created' }, { type: 'number_created' }])
  assert.deepEqual(types(await client.until(1)), ['number_created'])
})

test('an event whose poke was lost is found by the look that follows each second', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}`)
  await client.subscribe(`customer_id:${id}`)
  await rig.announce(id, [{ type: 'call_created' }], false)
  assert.deepEqual(types(await client.until(1)), ['call_created'])
})

/** Announces events of a customer from several writers at once while the sequencer runs. */
async function writeMany(rig: Rig, { id }: TestCustomer, writers: number, each: number): Promise<void> {
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const resource_id = uuid()
      for (let step = 0; step < each; step++)
        await rig.announce(id, [{ resource_id, data: { id: resource_id, writer, step } }])
    }),
  )
  await rig.announce(id, []) // whoever came while another one was numbering has left his to the next
}

test('every event comes once and in the order of GET /v1.0/events, also while many are written', async () => {
  const customer = await accounts.customer()
  const { accesskey, id } = customer
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}&sequence=true`)
  const begins = await client.subscribe(`customer_id:${id}`)
  await writeMany(rig, customer, 8, 50)
  const events = await client.until(400)
  assert.equal(begins, 0)
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    Array.from({ length: 400 }, (_, at) => at + 1),
  )
  const listed = (await apiClient(rig.url, { accesskey }).get('/v1.0/events?page_size=1000')).body.result
  assert.deepEqual(
    events.map((event) => event.id),
    listed.map((event: Json) => event.id),
  )
})

test('who comes back with after= gets what was missed and then what is new: nothing twice, nothing left out', async () => {
  const customer = await accounts.customer()
  const { accesskey, id } = customer
  const rig = await Rig.start()
  await writeMany(rig, customer, 4, 60)
  let after = 17
  const seen: number[] = []
  const writing = writeMany(rig, customer, 4, 60)
  while (seen.length < 480 - 17) {
    const client = await rig.open(`accesskey=${accesskey}&after=${after}`)
    assert.ok((await client.subscribe(`customer_id:${id}:call:*`)) >= after)
    await client.until(Math.min(50, 480 - 17 - seen.length))
    client.close()
    const { events } = client
    seen.push(...events.map(({ sequence }) => sequence))
    after = seen.at(-1) ?? after
  }
  await writing
  assert.deepEqual(
    seen,
    Array.from({ length: 480 - 17 }, (_, at) => at + 18),
  )
})

test('who comes back later than events are kept is told first which are gone, then what there is', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  await rig.announce(id, [{ type: 'call_created' }, { type: 'call_updated' }])
  await accounts.sql(`select ledger_give_up_before('9999-01-01')`)
  await rig.announce(id, [{ type: 'call_hangup' }])
  const client = await rig.open(`accesskey=${accesskey}&after=1`)
  await client.subscribe(`customer_id:${id}`)
  const [gap, event] = await client.until(2)
  assert.deepEqual(gap, { type: 'gap', data: { first: 2, last: 2 } })
  assert.equal(event?.type, 'call_hangup')
})

test('after= beyond the end begins now, and a first subscription without it does not look back', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  await rig.announce(id, [{ type: 'call_created' }])
  const [ahead, now] = await Promise.all([
    rig.open(`accesskey=${accesskey}&after=999`),
    rig.open(`accesskey=${accesskey}`),
  ])
  assert.ok(ahead && now)
  assert.deepEqual([await ahead.subscribe(`customer_id:${id}`), await now.subscribe(`customer_id:${id}`)], [1, 1])
  await rig.announce(id, [{ type: 'call_hangup' }])
  for (const client of [ahead, now]) assert.deepEqual(types(await client.until(1)), ['call_hangup'])
})

test('who reads too slowly is told so and closed with 4429; nobody else notices', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start({ limits: { messages: 100 } })
  const [slow, quick] = await Promise.all([rig.open(`accesskey=${accesskey}`), rig.open(`accesskey=${accesskey}`)])
  assert.ok(slow && quick)
  for (const client of [slow, quick]) await client.subscribe(`customer_id:${id}`)
  slow.socket.pause()
  const filler = 'x'.repeat(100_000)
  for (let round = 0; round < 30; round++)
    await rig.announce(
      id,
      Array.from({ length: 10 }, (_, at) => ({ data: { id: NIL_UUID, filler, number: round * 10 + at } })),
    )
  await quick.until(300)
  await eventually('the slow one is given up', async () => (await rig.figure('websocket_closed_total')) === 1)
  assert.equal(await rig.figure('websocket_backlog_bytes'), 0)
  slow.socket.resume()
  assert.equal((await slow.ended()).code, 4429)
  const got = slow.events.length
  assert.ok(got > 0 && got < 200, `${got} of 300`)
  assert.deepEqual(
    slow.events.map(({ data }) => data.number),
    Array.from({ length: got }, (_, at) => at),
  )
  assert.deepEqual(slow.messages.at(-1), { type: 'overflow', data: { sequence: got } })
})

test('what waits for all sockets together is bounded by bytes', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start({ limits: { totalBytes: 1_000_000 } })
  const slow = await rig.open(`accesskey=${accesskey}`)
  await slow.subscribe(`customer_id:${id}`)
  slow.socket.pause()
  const filler = 'x'.repeat(100_000)
  for (let round = 0; round < 20; round++) await rig.announce(id, Array(10).fill({ data: { id: NIL_UUID, filler } }))
  await eventually('it is given up', async () => (await rig.figure('websocket_closed_total')) === 1)
})

test('a ping comes every 10 s, and a client that has not answered for 60 s is dead', async () => {
  const clock = new ManualClock()
  const { accesskey } = await accounts.customer()
  const rig = await Rig.start({ clock })
  const [living, dead] = await Promise.all([
    rig.open(`accesskey=${accesskey}`),
    rig.open(`accesskey=${accesskey}`, { pong: false }),
  ])
  assert.ok(living && dead)
  for (let tens = 1; tens <= 6; tens++) {
    for (let at = 0; at < 40; at++) clock.advance(250)
    await eventually(`ping ${tens}`, () => living.pings >= tens && dead.pings >= tens)
    await pause(20) // the pong is on its way back through the same process
  }
  assert.deepEqual([living.pings, dead.pings], [6, 6])
  assert.deepEqual([living.closed, dead.closed], [undefined, undefined])
  await inTime(clock, 'the dead one is cut', () => dead.closed)
  assert.equal(dead.closed?.code, 1006)
  assert.equal(living.closed, undefined)
})

test('what the network does not take for 10 s is not sent any more', async () => {
  const clock = new ManualClock()
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start({ clock, limits: { bytes: 100_000_000 } })
  const client = await rig.open(`accesskey=${accesskey}`)
  await client.subscribe(`customer_id:${id}`)
  client.socket.pause()
  const filler = 'x'.repeat(500_000)
  await rig.announce(id, Array(40).fill({ data: { id: NIL_UUID, filler } }))
  await eventually('it is stuck', async () => (await rig.figure('websocket_backlog_bytes')) > 0)
  const beganMs = clock.monotonicMs()
  await eventually('it is cut', async () => {
    clock.advance(250)
    return (await rig.figure('websocket_closed_total{code="1006"}')) === 1
  })
  const tookMs = clock.monotonicMs() - beganMs
  assert.ok(tookMs > 9_000 && tookMs <= 11_500, `${tookMs} ms`)
  client.socket.resume()
  assert.equal((await client.ended()).code, 1006)
})

test('a socket is closed with 4401 within 5 s when its key is deleted, its token ends, its agent or customer changes', async () => {
  const { clock } = accounts
  const rig = await Rig.start({ clock })
  const change = async (what: string, query: string, make: () => Promise<unknown>) => {
    const client = await rig.open(query)
    await inTime(clock, 'time passes', () => clock.monotonicMs() % 7_000 === 0 || undefined)
    assert.ok(!client.closed, what)
    await make()
    const tookMs = await inTime(clock, `it is closed: ${what}`, () => client.closed)
    assert.equal((await client.ended()).code, 4401, what)
    assert.ok(tookMs <= 5_000, `${what}: ${tookMs} ms`)
  }
  const customer = await accounts.customer()
  const agent = await customer.agent(Permission.CustomerManager)
  const second = await customer.agent(Permission.CustomerManager)
  await change('the permission', `token=${agent.token}`, () =>
    accounts.sql('update agents set permission = 16 where id = $1', [agent.id]),
  )
  await change('the password', `token=${second.token}`, () =>
    accounts.sql('update agents set token_version = token_version + 1 where id = $1', [second.id]),
  )
  const [key] = (await customer.admin.get('/v1.0/accesskeys')).body.result
  await change('the key', `accesskey=${customer.accesskey}`, () => customer.admin.delete(`/v1.0/accesskeys/${key.id}`))
  const leaver = await accounts.customer()
  await change('the customer', `accesskey=${leaver.accesskey}`, () =>
    accounts.sql(`update customers set status = 'deleted', tm_delete = now() where id = $1`, [leaver.id]),
  )
  const frozen = await accounts.customer()
  await change('a freeze', `accesskey=${frozen.accesskey}`, () => accounts.lifecycle.freeze(frozen.id))
  const short = await (await accounts.customer()).agent(Permission.CustomerManager)
  await change('the token', `token=${short.token}`, async () => clock.jumpWall(7 * 86_400_000))
})

test('while the database is away nobody is closed for it', async () => {
  const clock = new ManualClock()
  let away = false
  const customer = await accounts.customer()
  const rig = await Rig.start({
    clock,
    authenticate: (credentials, options) => {
      if (away) throw apiErrors.SERVICE_UNAVAILABLE()
      return accounts.authenticator.authenticate(credentials, options)
    },
  })
  const client = await rig.open(`accesskey=${customer.accesskey}`)
  await client.subscribe(`customer_id:${customer.id}`)
  away = true
  for (let at = 0; at < 80; at++) {
    clock.advance(250)
    await pause(1)
  }
  await rig.announce(customer.id, [{ type: 'call_created' }])
  await client.until(1)
  assert.equal(client.closed, undefined)
})

test('with the ledger out of reach a subscription waits, what came meanwhile comes late, and nothing is lost', async () => {
  const { accesskey, id } = await accounts.customer()
  let away = true
  const unreachable = (own: PublicEvents) =>
    new Proxy(own, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return away ? () => Promise.reject(new DatabaseUnavailable('unreachable')) : value.bind(target)
      },
    })
  const rig = await Rig.start({ events: unreachable })
  await rig.announce(id, [{ type: 'call_created' }])
  const client = await rig.open(`accesskey=${accesskey}&after=0`)
  const subscribed = client.subscribe(`customer_id:${id}`)
  await pause(50)
  assert.deepEqual(client.messages, [])
  away = false
  assert.equal(await subscribed, 0)
  await client.until(1)
  away = true
  await rig.announce(id, [{ type: 'call_hangup' }])
  await pause(50)
  assert.equal(client.events.length, 1)
  away = false
  assert.deepEqual(types(await client.until(2)), ['call_created', 'call_hangup'])
})

test('a flood of pings is read no faster than messages are', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const client = await rig.open(`accesskey=${accesskey}`)
  let pongs = 0
  client.socket.on('pong', () => pongs++)
  for (let at = 0; at < 20_000; at++) client.socket.ping('x'.repeat(100))
  await eventually('it is answered', () => pongs >= 100)
  await pause(300)
  assert.ok(pongs < 5_000, `${pongs} in less than a second`)
  const other = await rig.open(`accesskey=${accesskey}`)
  await other.subscribe(`customer_id:${id}`)
  client.close()
})

test('a customer has so many sockets at most, and the process so many: further ones are refused before the upgrade', async () => {
  const [one, two] = await Promise.all([accounts.customer(), accounts.customer()])
  const rig = await Rig.start({ limits: { connections: 5, connectionsPerCustomer: 3 } })
  const attempts = await Promise.allSettled(Array.from({ length: 50 }, () => rig.open(`accesskey=${one.accesskey}`)))
  const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  assert.equal(opened.length, 3)
  const refusal = await refused(`${rig.wsUrl}?accesskey=${one.accesskey}`)
  assertReason(refusal, 429, 'RATE_LIMIT_EXCEEDED')
  assert.deepEqual(refusal.body.error.details, [{ limited_by: 'customer', retry_after: 60 }])
  assert.equal(refusal.headers.get('retry-after'), '60')
  await rig.open(`accesskey=${two.accesskey}`)
  await rig.open(`accesskey=${two.accesskey}`)
  assertReason(await refused(`${rig.wsUrl}?accesskey=${two.accesskey}`), 503, 'SERVICE_UNAVAILABLE')
  opened[0]?.close()
  await eventually('there is room again', async () => (await rig.figure('websocket_connections')) === 4)
  await rig.open(`accesskey=${one.accesskey}`)
})

test('when the server stops every socket is closed with 1001, and one that does not answer is cut after a second', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const [client, deaf] = await Promise.all([rig.open(`accesskey=${accesskey}`), rig.open(`accesskey=${accesskey}`)])
  assert.ok(client && deaf)
  await client.subscribe(`customer_id:${id}`)
  deaf.socket.pause()
  const beganMs = systemClock.monotonicMs()
  await rig.sockets.stop()
  assert.ok(systemClock.monotonicMs() - beganMs < 2_500)
  assert.equal((await client.ended()).code, 1001)
  assertReason(await refused(`${rig.wsUrl}?accesskey=${accesskey}`), 503, 'SERVICE_UNAVAILABLE')
  assert.equal(await rig.figure('websocket_connections'), 0)
})

test('a flood of messages is read no faster than a hundred a second, and everybody else goes on', async () => {
  const { accesskey, id } = await accounts.customer()
  const rig = await Rig.start()
  const [flood, other] = await Promise.all([rig.open(`accesskey=${accesskey}`), rig.open(`accesskey=${accesskey}`)])
  assert.ok(flood && other)
  await other.subscribe(`customer_id:${id}`)
  const padding = 'x'.repeat(60_000)
  for (let at = 0; at < 400; at++) flood.socket.send(JSON.stringify({ type: 'ping', padding }))
  await rig.announce(id, [{ type: 'call_created' }])
  await other.until(1)
  assert.ok(flood.socket.bufferedAmount > 0, 'the server does not read on')
  flood.close()
})
