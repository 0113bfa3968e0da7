import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { type Answer, type ApiClient, apiClient, assertReason, eventually, type Json, Platform } from '#testkit'
import {
  databaseOf,
  FAMILIES,
  type Family,
  loggedIn,
  makeOwned,
  newAgent,
  type Owned,
  secondCustomer,
} from './two-customers.ts'

/** An operation of the served document that needs a login. */
interface Operation {
  method: string
  /** Below the root, with its prefix: `/v1.0/flows/{id}`. */
  path: string
  family: string
}

const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const MALFORMED = ['1', 'x', `${UNKNOWN}0`, '%27%20or%201=1--', '..%2F..%2Fcustomer', '{id}']

/** The typed reason of each family, and its manager. */
const NOT_FOUND: Record<Family, [string, string]> = {
  accesskeys: ['ACCESSKEY_NOT_FOUND', 'customer-manager'],
  activeflows: ['ACTIVEFLOW_NOT_FOUND', 'flow-manager'],
  agents: ['AGENT_NOT_FOUND', 'agent-manager'],
  calls: ['CALL_NOT_FOUND', 'call-manager'],
  extensions: ['EXTENSION_NOT_FOUND', 'registrar-manager'],
  flows: ['FLOW_NOT_FOUND', 'flow-manager'],
  numbers: ['NUMBER_NOT_FOUND', 'number-manager'],
  recordings: ['RECORDING_NOT_FOUND', 'call-manager'],
  storage_accounts: ['ACCOUNT_NOT_FOUND', 'storage-manager'],
  storage_files: ['FILE_NOT_FOUND', 'storage-manager'],
  tags: ['TAG_NOT_FOUND', 'tag-manager'],
}

/** Bodies that are right, so that an answer is about the id and not about the body. */
const BODIES: Record<string, object> = {
  'POST /v1.0/calls/{id}/talk': { text: 'Hello' },
  'PUT /v1.0/accesskeys/{id}': { name: 'taken', detail: 'over' },
  'PUT /v1.0/agents/{id}': { name: 'taken', detail: 'over', ring_method: 'ringall' },
  'PUT /v1.0/agents/{id}/addresses': { addresses: [] },
  'PUT /v1.0/agents/{id}/password': { password: 'taken over by another' },
  'PUT /v1.0/agents/{id}/permission': { permission: 0 },
  'PUT /v1.0/agents/{id}/status': { status: 'busy' },
  'PUT /v1.0/agents/{id}/tag_ids': { tag_ids: [] },
  'PUT /v1.0/extensions/{id}': { name: 'taken', detail: 'over', password: 'another password' },
  'PUT /v1.0/flows/{id}': { name: 'taken', detail: 'over', actions: [] },
  'PUT /v1.0/numbers/{id}/flow_ids': { call_flow_id: NIL_UUID, message_flow_id: NIL_UUID },
  'PUT /v1.0/tags/{id}': { name: 'taken', detail: 'over' },
}

/** Operations that take ids of several families, or take them in the query: each as one operation per family. */
const PER_FAMILY: Record<string, [path: string, family: Family][]> = {
  '/v1.0/timelines/{resource_type}/{resource_id}/events': [
    ['/v1.0/timelines/activeflows/{id}/events', 'activeflows'],
    ['/v1.0/timelines/calls/{id}/events', 'calls'],
    ['/v1.0/timelines/flows/{id}/events', 'flows'],
  ],
  '/v1.0/calls/{id}/media_stream': [['/v1.0/calls/{id}/media_stream?encapsulation=sln', 'calls']],
  '/v1.0/aggregated-events': [
    ['/v1.0/aggregated-events?activeflow_id={id}', 'activeflows'],
    ['/v1.0/aggregated-events?call_id={id}', 'calls'],
  ],
}

/** What an agent of whatever permission may do with itself, by its id. */
const OF_ONESELF = ['GET /v1.0/agents/{id}', 'PUT /v1.0/agents/{id}', 'PUT /v1.0/agents/{id}/status']

/** What only super admins list, and what they read of everybody. */
const PROJECT: readonly string[] = ['storage_accounts']

type Gate = 'root' | 'admin' | 'manager' | 'bits' | 'self' | 'agent' | 'any'

/**
 * Who may (`platform.md` §4.2): bits of which one is needed (`bits`: any of a customer's), `self`, an agent of whatever
 * permission, or any caller.
 */
function gateOf({ method, path, family }: Operation): Gate {
  if (path === '/v1.0/me' || path.startsWith('/v1.0/service_agents/')) return 'agent'
  if (PROJECT.includes(family)) return method === 'GET' && path.includes('{id}') ? 'manager' : 'root'
  if (method === 'GET' && path === '/v1.0/storage_files/{id}') return 'bits'
  if (path === '/v1.0/ws') return 'any' // what each may hear is decided by topic
  if (path.endsWith('/auth/logout')) return 'agent'
  if (family === 'customers' || path.endsWith('/auth/delegate')) return 'root'
  if (family === 'accesskeys' || path.endsWith('/auth/unregister')) return 'admin'
  if (method === 'PUT' && family === 'customer') return 'admin'
  return OF_ONESELF.includes(`${method} ${path}`) ? 'self' : 'manager'
}

/** Who is refused by a gate for the own role alone. */
const REFUSED: Record<Gate, readonly Role[]> = {
  root: ['accesskey', 'admin', 'manager', 'agent', 'none'],
  admin: ['manager', 'agent', 'none'],
  manager: ['agent', 'none'],
  self: ['agent', 'none'],
  bits: ['none'],
  agent: [],
  any: [],
}

type Role = 'accesskey' | 'admin' | 'manager' | 'agent' | 'none' | 'root'

let platform: Platform
let db: Database
let operations: Operation[]
let mine: Owned
let theirs: Owned
let second: { id: string; accesskey: string }
let stranger: ApiClient
let callers: Record<Role, ApiClient>

before(async () => {
  platform = await Platform.start()
  const { http, credentials } = platform
  db = await databaseOf(platform)
  second = await secondCustomer(db)
  stranger = apiClient(http, { accesskey: second.accesskey })
  const accesskey = apiClient(http, { accesskey: credentials.customer.accesskey })
  mine = await makeOwned(accesskey, db, credentials.customer.id, 1)
  theirs = await makeOwned(stranger, db, second.id, 2)
  for (const [name, permission] of [
    ['manager', 64],
    ['agent', 16],
    ['none', 0],
  ] as const)
    assert.equal((await accesskey.post('/v1.0/agents', newAgent(`${name}@example.com`, permission))).status, 201)
  callers = { accesskey } as typeof callers
  for (const role of ['admin', 'manager', 'agent', 'none', 'root'] as const) await logIn(role)
  operations = protectedOperations((await accesskey.get('/openapi.json')).body)
})
after(async () => {
  await db?.close()
  await platform?.stop()
})

test('the document names the operations of the slice, and everything but the public ones needs a login', () => {
  assert.ok(operations.length >= 34, `${operations.length} operations`)
  assert.deepEqual(
    FAMILIES.filter((family) => !operations.some((each) => each.family === family && each.path.includes('{id}'))),
    [],
  )
})

test('without credentials every operation is AUTHENTICATION_REQUIRED, whatever the id', async () => {
  const nobody = apiClient(platform.http)
  for (const operation of operations)
    for (const id of idsOf(operation)) assertReason(await ask(nobody, operation, id), 401, 'AUTHENTICATION_REQUIRED')
})

test('with bad credentials every operation is INVALID_CREDENTIALS, whatever the id and however they are sent', async () => {
  const key = platform.credentials.customer.accesskey
  const wrong = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`
  const unsigned = `${b64({ alg: 'none' })}.${b64({ type: 'agent', agent: { id: mine.agents, customer_id: platform.credentials.customer.id }, token_version: 1, expire: '2999-01-01T00:00:00.000000Z' })}.`
  for (const operation of operations) {
    for (const bearer of [wrong, unsigned, 'x.y.z'])
      assertReason(
        await ask(apiClient(platform.http, { token: bearer }), operation, mine.flows),
        401,
        'INVALID_CREDENTIALS',
      )
    assertReason(
      await ask(apiClient(platform.http), operation, UNKNOWN, { cookie: `accesskey=${wrong}` }),
      401,
      'INVALID_CREDENTIALS',
    )
    assertReason(
      await ask(apiClient(platform.http), operation, UNKNOWN, { authorization: 'Basic eDp5' }),
      401,
      'INVALID_CREDENTIALS',
    )
  }
})

test('a token wins over a key: a bad one is refused although the key is good', async () => {
  const answer = await callers.accesskey.get('/v1.0/flows?token=x.y.z')
  assertReason(answer, 401, 'INVALID_CREDENTIALS')
})

test('a role that is not enough is PERMISSION_DENIED before anything is looked up or read', async () => {
  for (const operation of operations) {
    const gate = gateOf(operation)
    for (const role of REFUSED[gate]) {
      const answers: Answer[] = []
      for (const id of [...ownersIds(operation), UNKNOWN]) answers.push(await ask(callers[role], operation, id))
      for (const answer of answers) assertReason(answer, 403, 'PERMISSION_DENIED')
      assert.equal(new Set(answers.map((answer) => withoutIds(answer))).size, 1, `${operation.path} tells ids apart`)
      if (gate !== 'self' && operation.method !== 'GET') {
        const broken = await callers[role].send(operation.method, operation.path.replace('{id}', 'x'), { body: '{' })
        assertReason(broken, 403, 'PERMISSION_DENIED')
      }
    }
  }
})

test('a role that is enough passes every gate; a super admin passes them all', async () => {
  for (const operation of operations) {
    const gate = gateOf(operation)
    for (const role of ['accesskey', 'admin', 'manager', 'root'] as const) {
      if (REFUSED[gate].includes(role)) continue
      const answer = await ask(callers[role], operation, UNKNOWN, {}, {})
      if (gate === 'agent' && role === 'accesskey') assertReason(answer, 403, notAgent(operation))
      else
        assert.ok(
          answer.status !== 401 && answer.status !== 403,
          `${role} ${operation.path}: ${answer.text.slice(0, 200)}`,
        )
      assert.ok(answer.status < 500, answer.text)
      if (operation.path.endsWith('/auth/logout') && role !== 'accesskey') await logIn(role)
    }
  }
})

test('a delegate passes as an admin of the customer, but for what asks for a person or more, and opens no WebSocket', async () => {
  const reason = 'The matrix of tenancy asks for it'
  const { body } = await callers.root.post('/auth/delegate', { customer_id: platform.credentials.customer.id, reason })
  const delegate = apiClient(platform.http, { token: body.token })
  for (const operation of operations) {
    const gate = gateOf(operation)
    const answer = await ask(delegate, operation, UNKNOWN, {}, {})
    if (gate === 'root') assertReason(answer, 403, 'PERMISSION_DENIED')
    else if (gate === 'agent') assertReason(answer, 403, notAgent(operation))
    else if (operation.path.endsWith('/ws')) assertReason(answer, 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
    else assert.ok(![401, 403].includes(answer.status) && answer.status < 500, `${operation.path}: ${answer.text}`)
  }
})

test('a visitor may ask for events, and nothing that there is yet besides', async () => {
  const hash = 'direct.0123456789ab'
  await db.query(`insert into directs values ($1, $2, 'ai', $1, $3, now(), null)`, [
    UNKNOWN,
    platform.credentials.customer.id,
    hash,
  ])
  const { body } = await apiClient(platform.http).post('/auth/boot', { direct_hash: hash })
  const visitor = apiClient(platform.http, { token: body.token })
  for (const operation of operations)
    for (const id of idsOf(operation)) {
      const answer = await ask(visitor, operation, id)
      if (operation.path === '/v1.0/ws') assertReason(answer, 400, 'INVALID_ARGUMENT')
      else
        assertReason(answer, 403, operation.path === '/v1.0/me' ? 'AGENT_AUTH_REQUIRED' : 'DIRECT_ACCESS_NOT_SUPPORTED')
    }
})

test('every agent may read itself, and nobody else without a role', async () => {
  for (const role of ['agent', 'none'] as const) {
    const { body: me } = await callers[role].get('/v1.0/me')
    assert.equal((await callers[role].get(`/v1.0/agents/${me.id.toUpperCase()}`)).body.id, me.id)
    assertReason(await callers[role].get(`/v1.0/agents/${mine.agents}`), 403, 'PERMISSION_DENIED')
  }
})

test("another customer's id is answered byte for byte like one that does not exist, and nothing of it changes", async () => {
  const before = await everythingOf(stranger, theirs)
  const ofTenants = operations.filter(({ path, family }) => path.includes('{id}') && family !== 'customers')
  for (const operation of ofTenants)
    for (const role of ['accesskey', 'admin', 'manager', 'root'] as const) {
      if (REFUSED[gateOf(operation)].includes(role)) continue
      if (role === 'root' && PROJECT.includes(operation.family)) continue
      if (role === 'accesskey' && gateOf(operation) === 'agent') continue
      const [foreign, unknown] = [
        await ask(callers[role], operation, theirs[operation.family as Family]),
        await ask(callers[role], operation, UNKNOWN),
      ]
      const [reason, domain] = NOT_FOUND[operation.family as Family]
      assertReason(foreign, 404, reason, domain)
      assert.equal(withoutIds(foreign), withoutIds(unknown))
      assert.deepEqual([...foreign.headers.keys()].sort(), [...unknown.headers.keys()].sort())
    }
  assert.deepEqual(await everythingOf(stranger, theirs), before)
})

test('an id that is no UUID, and the nil UUID, never reach the database', async () => {
  for (const operation of operations.filter(({ path }) => path.includes('{id}'))) {
    const isTyped = /\/(direct-hash-regenerate|file)$/.test(operation.path)
    const caller = gateOf(operation) === 'root' ? callers.root : callers.admin
    const parameter = /\?(\w+)=\{id\}/.exec(operation.path)?.[1]
    const malformed = parameter ? `INVALID_${parameter.toUpperCase()}` : 'INVALID_ID'
    for (const id of MALFORMED)
      assertReason(await ask(caller, operation, id), 400, isTyped ? 'INVALID_REQUEST_PARAMETER' : malformed)
    const nil = await ask(caller, operation, NIL_UUID)
    if (isTyped) assert.equal(nil.status, 404)
    else assertReason(nil, 400, malformed)
  }
})

test('a list shows nothing of another customer, whatever page is asked for', async () => {
  const { body } = await stranger.get('/v1.0/flows?page_size=1')
  for (const family of FAMILIES.filter((each) => !PROJECT.includes(each))) {
    const mineIds = new Set((await listed(callers.accesskey, family)).map(({ id }: Json) => id))
    for (const token of ['', body.next_page_token, '2999-01-01T00:00:00Z']) {
      const rows = (await stranger.get(`/v1.0/${family}?page_token=${token}`)).body.result
      assert.ok(
        rows.every((row: Json) => row.customer_id === second.id && !mineIds.has(row.id)),
        family,
      )
    }
  }
  const { result } = (await stranger.get('/v1.0/events?page_size=1000')).body
  assert.ok(result.every((event: Json) => event.data.customer_id === second.id))
})

test("another customer's id inside a body is refused like one that does not exist", async () => {
  const flow = (actions: object[], on_complete_flow_id?: string) => ({
    name: '',
    detail: '',
    actions,
    on_complete_flow_id,
  })
  const address = (id: string) => ({
    ...newAgent('thief@example.com', 0),
    addresses: [{ type: 'extension', target: id }],
  })
  const tries: [string, string, Family, (id: string) => object][] = [
    [
      'POST',
      '/numbers',
      'flows',
      (id) => ({ number: '+899555000009', type: 'virtual', name: '', detail: '', call_flow_id: id }),
    ],
    ['PUT', `/numbers/${mine.numbers}/flow_ids`, 'flows', (id) => ({ call_flow_id: id })],
    ['PUT', `/numbers/${mine.numbers}/flow_ids`, 'flows', (id) => ({ message_flow_id: id })],
    ['POST', '/flows', 'flows', (id) => flow([], id)],
    ['PUT', `/flows/${mine.flows}`, 'flows', (id) => flow([], id)],
    ['POST', '/flows', 'flows', (id) => flow([{ type: 'fetch_flow', option: { flow_id: id } }])],
    ['POST', '/activeflows', 'flows', (id) => ({ flow_id: id })],
    ['POST', '/activeflows', 'flows', (id) => ({ actions: [{ type: 'fetch_flow', option: { flow_id: id } }] })],
    ['POST', '/agents', 'extensions', address],
  ]
  for (const [method, path, family, body] of tries) {
    const [foreign, unknown] = [theirs[family], UNKNOWN].map((id) =>
      callers.accesskey[method === 'PUT' ? 'put' : 'post'](`/v1.0${path}`, body(id)),
    )
    const [a, b] = [(await foreign) as Answer, (await unknown) as Answer]
    assert.ok(a.status === 404 || a.status === 400, `${path}: ${a.text}`)
    assert.equal(withoutIds(a), withoutIds(b), path)
  }
})

test('nobody gives a permission that is above the own one', async () => {
  let made = 0
  const grant = (role: keyof typeof callers, permission: number) =>
    callers[role].post('/v1.0/agents', newAgent(`granted${++made}@example.com`, permission))
  for (const permission of [1, 2, 15, 33, 65_535]) {
    assertReason(await grant('accesskey', permission), 403, 'PERMISSION_DENIED')
    assertReason(await grant('manager', permission), 403, 'PERMISSION_DENIED')
  }
  assertReason(await grant('manager', 32), 403, 'PERMISSION_DENIED')
  assert.equal((await grant('admin', 32)).status, 201)
})

test('when a customer is deleted its key and its logins stop within seconds, and all it has is gone', async () => {
  assert.equal((await stranger.post('/v1.0/agents', newAgent('leaver@example.com', 64))).status, 201)
  const leaver = await loggedIn(platform, 'leaver@example.com')
  assert.equal((await leaver.get('/v1.0/flows')).status, 200)
  assert.equal((await callers.root.delete(`/v1.0/customers/${second.id}`)).status, 200)
  for (const client of [stranger, leaver])
    await eventually('it is refused', async () => (await client.get('/v1.0/flows')).status === 401, 8_000)
  assertReason(await stranger.get('/v1.0/flows'), 401, 'INVALID_CREDENTIALS')
  const login = { username: 'leaver@example.com', password: 'correct horse battery' }
  assertReason(await apiClient(platform.http).post('/auth/login', login), 401, 'INVALID_CREDENTIALS')
  for (const table of ['accesskeys', 'agents', 'billing_accounts', 'extensions', 'flows', 'numbers', 'tags']) {
    const saved = table === 'flows' ? 'and persist' : ''
    const text = `select id from ${table} where customer_id = $1 and tm_delete is null ${saved}`
    assert.deepEqual(await db.query(text, [second.id]), [], table)
  }
  assert.deepEqual(await db.query('select id from directs where customer_id = $1', [second.id]), [])
})

/** Logs a caller of these tests in (again). */
async function logIn(role: Exclude<Role, 'accesskey'>): Promise<void> {
  const { agent, admin } = platform.credentials
  const known = { admin: agent, root: admin }[role as string]
  callers[role] = known
    ? await loggedIn(platform, known.username, known.password)
    : await loggedIn(platform, `${role}@example.com`)
}

function protectedOperations(document: Json): Operation[] {
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item)
      .filter(([, { security }]) => security.length > 0)
      .flatMap(([method]) =>
        (PER_FAMILY[path] ?? [[path, familyOf(path)]]).map(([path, family]) => ({
          method: method.toUpperCase(),
          path,
          family,
        })),
      ),
  )
}

/** What an endpoint for people says to a caller who is none. */
function notAgent({ path }: Operation): string {
  return path === '/v1.0/me' ? 'AGENT_AUTH_REQUIRED' : 'DIRECT_ACCESS_NOT_SUPPORTED'
}

/** Whose ids a path takes: the files of a recording are found by the recording's, and agents read what is there already. */
function familyOf(path: string): string {
  const [, , family = ''] = path.replace('/service_agents/', '/').split('/')
  return { recordingfiles: 'recordings', files: 'storage_files' }[family] ?? family
}

/** The ids to try where the path has one. */
function idsOf({ path, family }: Operation): string[] {
  return path.includes('{id}') ? [...ownersIds({ family }), UNKNOWN, NIL_UUID, 'x'] : ['']
}

/** What there is in a family, of the own customer and of the other one. */
function ownersIds({ family }: Pick<Operation, 'family'>): string[] {
  if (family === 'customers') return [platform.credentials.customer.id, second.id]
  return [mine, theirs].map((owned) => owned[family as Family] ?? UNKNOWN)
}

/** Asks; with a right body where the operation takes one, unless the test sends its own. */
function ask(
  client: ApiClient,
  operation: Operation,
  id: string,
  headers: Record<string, string> = {},
  own?: object,
): Promise<Answer> {
  const { method, path } = operation
  const body =
    method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(BODIES[`${method} ${path}`] ?? own ?? {})
  return client.send(method, path.replace('{id}', id), {
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  })
}

/** The answer with its request id, and ids that the client sent itself, made the same. */
function withoutIds({ status, text }: Answer): string {
  const plain = text.replace(/"request_id":"[^"]*"/, '')
  return `${status} ${[...Object.values(mine), ...Object.values(theirs), UNKNOWN].reduce((shown, id) => shown.replaceAll(id, '<id>'), plain)}`
}

async function everythingOf(client: ApiClient, owned: Owned): Promise<Json[]> {
  return Promise.all(FAMILIES.map(async (family) => (await client.get(`/v1.0/${family}/${owned[family]}`)).body))
}

async function listed(client: ApiClient, family: Family): Promise<Json[]> {
  return (await client.get(`/v1.0/${family}`)).body.result
}

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
