import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Database } from '#platform/db'
import { exampleOf } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { type Answer, type ApiClient, apiClient, assertReason, eventually, type Json, Platform } from '#testkit'
import { type Owner, oneOf } from './fixtures.ts'
import { CALLERS, type Caller, declaredVerdict, sheetGate, sheetVerdict, type Verdict } from './gates.ts'
import { endpoints, type Operation, operations, spellings } from './route-table.ts'
import { databaseOf, loggedIn, newAgent, secondCustomer } from './two-customers.ts'

/**
 * Every operation of the table of routes, as every kind of caller, with the own customer's ids, another's, and unknown ones.
 * What is expected follows from what each endpoint declares, and that is held against the sheet: no operation is named here.
 */

const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const MALFORMED = ['1', 'x', `${UNKNOWN}0`, '%27%20or%201=1--', '..%2F..%2Fcustomer', '{id}']
const HTTP: Record<Exclude<Verdict, 'pass'>, number> = {
  AUTHENTICATION_REQUIRED: 401,
  PERMISSION_DENIED: 403,
  DIRECT_ACCESS_NOT_SUPPORTED: 403,
  AGENT_AUTH_REQUIRED: 403,
}
/** The callers who are agents, with the permission of those that these tests make. */
const MADE = { manager: 64, agent: 16, none: 0 } as const
const LOGINS = ['root', 'admin', 'manager', 'agent', 'none'] as const

let platform: Platform
let db: Database
let mine: Owner
let theirs: Owner
let second: { id: string; accesskey: string }
let stranger: ApiClient
const callers = {} as Record<Caller, ApiClient>
/** The agents' own ids. */
const selves: Partial<Record<Caller, string>> = {}
let operated = 0
/** One of each family of each owner, for what does not change it. */
const lasting = new Map<Owner, Map<string, Promise<string>>>()

before(async () => {
  platform = await Platform.start()
  const { http, credentials } = platform
  db = await databaseOf(platform)
  second = await secondCustomer(db)
  stranger = apiClient(http, { accesskey: second.accesskey })
  callers.nobody = apiClient(http)
  callers.accesskey = apiClient(http, { accesskey: credentials.customer.accesskey })
  for (const [name, permission] of Object.entries(MADE))
    assert.equal(
      (await callers.accesskey.post('/v1.0/agents', newAgent(`${name}@example.com`, permission))).status,
      201,
    )
  for (const name of LOGINS) await logIn(name)
  await delegate()
  callers.direct = await visitor()
  const { root } = callers
  mine = { id: credentials.customer.id, api: callers.accesskey, root, db }
  theirs = { id: second.id, api: stranger, root, db }
})
after(async () => {
  await db?.close()
  await platform?.stop()
})

test('every operation has the gate that the sheet says, for every kind of caller', () => {
  assert.ok(operations.length > 110)
  for (const operation of operations) {
    const gate = sheetGate(operation)
    if (!gate) continue
    for (const caller of CALLERS)
      for (const itself of [false, true])
        assert.equal(
          declaredVerdict(operation.endpoint, caller, itself),
          sheetVerdict(gate, operation, caller, itself),
          `${operation.name} as ${caller}${itself ? ' about itself' : ''} (${gate})`,
        )
  }
})

test('what the sheet does not name is ours, and no more open than what it names', async () => {
  const ours = operations.filter((each) => !sheetGate(each))
  for (const operation of ours) {
    const { allow } = operation.endpoint
    if (allow === 'public') await isTheSameForAll(operation)
    // about the caller and nobody else
    else if (allow === 'agent') assert.deepEqual(operation.ids, {}, operation.name)
    else assert.ok(Array.isArray(allow) && allow.every((bits) => [1, 32, 64].includes(bits)), operation.name)
  }
  assert.ok(ours.length > 0)
})

test('without credentials, and with bad ones, nothing that needs a login is reached under any of its spellings', async () => {
  const key = platform.credentials.customer.accesskey
  const wrong = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`
  const claims = {
    type: 'agent',
    agent: { id: UNKNOWN, customer_id: mine.id },
    token_version: 1,
    expire: '2999-01-01T00:00:00.000000Z',
  }
  const unsigned = `${b64({ alg: 'none' })}.${b64(claims)}.`
  const bad: Record<string, string>[] = [
    ...[wrong, unsigned, 'x.y.z'].map((each) => ({ authorization: `Bearer ${each}` })),
    { cookie: `accesskey=${wrong}` },
    { authorization: 'Basic eDp5' },
  ]
  for (const endpoint of endpoints.filter(({ allow }) => allow !== 'public'))
    for (const spelling of spellings(endpoint)) {
      const path = spelling.replace(/\{\w+\}/g, UNKNOWN)
      assertReason(await callers.nobody.send(endpoint.method, path), 401, 'AUTHENTICATION_REQUIRED')
      for (const headers of bad)
        assertReason(await callers.nobody.send(endpoint.method, path, { headers }), 401, 'INVALID_CREDENTIALS')
    }
})

test('a token wins over a key: a bad one is refused although the key is good', async () => {
  assertReason(await callers.accesskey.get('/v1.0/flows?token=x.y.z'), 401, 'INVALID_CREDENTIALS')
})

test('whoever may not is told so before anything is looked up or read, and all ids look the same', async () => {
  for (const operation of operations)
    for (const caller of CALLERS) {
      const verdict = declaredVerdict(operation.endpoint, caller)
      if (verdict === 'pass') continue
      const answers: Answer[] = []
      for (const owner of [mine, theirs, undefined])
        answers.push(await ask(caller, operation, await idsOf(operation, owner)))
      for (const answer of answers) assertReason(answer, HTTP[verdict], verdict)
      assert.equal(new Set(answers.map(plain)).size, 1, `${operation.name} tells ids apart for ${caller}`)
      if (operation.endpoint.method === 'GET') continue
      const broken = await send(caller, operation, fill(operation, 'x'), '{')
      assertReason(broken, HTTP[verdict], verdict)
    }
})

test('whoever may reaches the own, and of another customer it sees what it would see of an id that does not exist', async () => {
  const before = await snapshot(theirs)
  for (const operation of operations)
    for (const caller of CALLERS) {
      if (declaredVerdict(operation.endpoint, caller) !== 'pass' || operation.endpoint.allow === 'public') continue
      if (Object.keys(operation.ids).length === 0) await reachesWithoutId(caller, operation)
      else await reachesOwnOnly(caller, operation)
    }
  assert.deepEqual(await snapshot(theirs), before)
})

test('an agent reaches itself where the sheet lets it, and no other agent', async () => {
  const selfish = operations.filter((each) => sheetGate(each) === 'itself')
  assert.ok(selfish.length > 0)
  for (const operation of selfish)
    for (const caller of ['agent', 'none'] as const)
      for (const id of [selves[caller] ?? '', selves[caller]?.toUpperCase() ?? '']) {
        const answer = await ask(caller, operation, { id })
        assert.equal(answer.status, 200, `${operation.name} as ${caller}: ${answer.text}`)
      }
})

test('an id that is no UUID, and the nil UUID, never reach the database', async () => {
  for (const operation of operations) {
    const names = Object.keys(operation.ids)
    const caller = (['admin', 'root'] as const).find((each) => declaredVerdict(operation.endpoint, each) === 'pass')
    if (names.length === 0 || !caller || operation.endpoint.allow === 'public') continue
    const [name = ''] = names
    const format = formatOf(operation, name)
    const reason = {
      '': operation.isFilter ? `INVALID_${name.toUpperCase()}` : undefined,
      id: 'INVALID_ID',
      uuid: 'INVALID_REQUEST_PARAMETER',
    }[format]
    assert.ok(reason, `${operation.name}: {${name}} has no format`)
    for (const id of MALFORMED) assertReason(await send(caller, operation, fill(operation, id)), 400, reason)
    const nil = await ask(caller, operation, Object.fromEntries(names.map((each) => [each, NIL_UUID])))
    // a filter that nobody fits is no mistake
    if (format === 'uuid') assert.equal(nil.status, operation.isFilter ? 200 : 404, nil.text)
    else assertReason(nil, 400, reason)
  }
})

test('a list shows nothing of another customer, whatever page is asked for', async () => {
  const { body } = await stranger.get('/v1.0/flows?page_size=1')
  const lists = operations.filter(
    ({ endpoint, ids, path }) =>
      endpoint.method === 'GET' &&
      'page_token' in (endpoint.query?.properties ?? {}) &&
      Object.keys(ids).length === 0 &&
      declaredVerdict(endpoint, 'accesskey') === 'pass' &&
      endpoints.some(({ path: one }) => `/v1.0${one}` === `${path}/{id}`),
  )
  assert.ok(lists.length > 8)
  for (const { path } of lists) {
    const mineIds = new Set((await callers.accesskey.get(path)).body.result.map(({ id }: Json) => id))
    for (const token of ['', body.next_page_token, '2999-01-01T00:00:00Z']) {
      const rows = (await stranger.get(`${path}?page_token=${token}`)).body.result
      assert.ok(
        rows.every((row: Json) => row.customer_id === second.id && !mineIds.has(row.id)),
        path,
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
  const carol = { type: 'sip', target: 'carol@phones.example.com' }
  const actions = [{ type: 'answer' }]
  const transfer = (transferer_call_id: string) => ({
    transfer_type: 'blind',
    transferer_call_id,
    transferee_addresses: [carol],
  })
  const [number, own] = [await lastingOf('numbers', mine), await lastingOf('flows', mine)]
  const tries: [string, string, string, (id: string) => object][] = [
    [
      'POST',
      '/numbers',
      'flows',
      (id) => ({ number: '+899555000009', type: 'virtual', name: '', detail: '', call_flow_id: id }),
    ],
    ['PUT', `/numbers/${number}/flow_ids`, 'flows', (id) => ({ call_flow_id: id })],
    ['PUT', `/numbers/${number}/flow_ids`, 'flows', (id) => ({ message_flow_id: id })],
    ['POST', '/flows', 'flows', (id) => flow([], id)],
    ['PUT', `/flows/${own}`, 'flows', (id) => flow([], id)],
    ['POST', '/flows', 'flows', (id) => flow([{ type: 'fetch_flow', option: { flow_id: id } }])],
    ['POST', '/activeflows', 'flows', (id) => ({ flow_id: id })],
    ['POST', '/activeflows', 'flows', (id) => ({ actions: [{ type: 'fetch_flow', option: { flow_id: id } }] })],
    ['POST', '/agents', 'extensions', address],
    ['POST', '/groupcalls', 'flows', (id) => ({ destinations: [carol], flow_id: id })],
    ['POST', '/groupcalls', 'agents', (id) => ({ destinations: [{ type: 'agent', target: id }], actions })],
    ['POST', '/groupcalls', 'extensions', (id) => ({ destinations: [{ type: 'extension', target: id }], actions })],
    ['POST', '/transfers', 'calls', transfer],
  ]
  for (const [method, path, family, body] of tries) {
    const [foreign, unknown] = [await lastingOf(family, theirs), UNKNOWN].map((id) =>
      callers.accesskey[method === 'PUT' ? 'put' : 'post'](`/v1.0${path}`, body(id)),
    )
    const [a, b] = [(await foreign) as Answer, (await unknown) as Answer]
    assert.ok(a.status === 404 || a.status === 400, `${path}: ${a.text}`)
    assert.equal(plain(a), plain(b), path)
  }
})

test('nobody gives a permission that is above the own one', async () => {
  let made = 0
  const grant = (role: Caller, permission: number) =>
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

/** An operation without an id: a wrong body shows that it was reached, and nothing happens. */
async function reachesWithoutId(caller: Caller, operation: Operation) {
  const { method, socket } = operation.endpoint
  const answer = await send(caller, operation, operation.path, method === 'GET' ? undefined : '{')
  wasReached(answer, operation, caller)
  if (socket) assertReason(answer, 400, 'INVALID_ARGUMENT')
  if (method !== 'GET' && answer.status < 300) await revive(caller)
}

async function reachesOwnOnly(caller: Caller, operation: Operation) {
  const { method } = operation.endpoint
  const isOperator = caller === 'root' && isProjects(operation)
  const unknown = await ask(caller, operation, await idsOf(operation, undefined))
  if (!operation.isFilter) isTypedNotFound(unknown, operation)
  for (const owner of isOperator ? await operatedOn(method) : caller === 'root' ? [] : [mine]) {
    const ids = method === 'GET' ? await idsOf(operation, owner) : await freshIdsOf(operation, owner)
    const answer = await ask(caller, operation, ids)
    wasReached(answer, operation, caller)
    // what agents see of their customer may be less than all: what each has to own is told by its manager's tests
    if (sheetGate(operation) === 'agent identity') continue
    // of a new thing there may be nothing to list yet
    if (operation.isFilter && answer.body.result?.length === 0) continue
    // it is there; what its body names may not be
    assert.notEqual(plain(answer), plain(unknown), `${operation.name} as ${caller}: ${answer.text}`)
  }
  if (isOperator) return
  for (const owner of caller === 'root' ? [mine, theirs] : [theirs]) {
    const foreign = await ask(caller, operation, await idsOf(operation, owner))
    assert.equal(plain(foreign), plain(unknown), `${operation.name} as ${caller}`)
    assert.deepEqual([...foreign.headers.keys()].sort(), [...unknown.headers.keys()].sort())
  }
}

/** Whose things an operator reads, and whose it changes: those of nobody else in these tests. */
async function operatedOn(method: string): Promise<Owner[]> {
  if (method === 'GET') return [mine, theirs]
  const { id, accesskey } = await secondCustomer(db, `operated${++operated}`)
  return [{ id, api: apiClient(platform.http, { accesskey }), root: callers.root, db }]
}

/** The gate was passed: what refuses now is the thing itself, for a reason that the endpoint names. */
function wasReached(answer: Answer, { endpoint, name }: Operation, caller: Caller) {
  const shown = `${name} as ${caller}: ${answer.status} ${answer.text.slice(0, 300)}`
  assert.ok(answer.status < 500 && answer.status !== 401, shown)
  if (answer.status === 403)
    assert.ok(
      endpoint.errors.some(({ reason }) => reason === answer.body.error.reason),
      shown,
    )
}

/** 404 with a reason that the endpoint declares for it. */
function isTypedNotFound(answer: Answer, { endpoint, name }: Operation) {
  const { reason, domain } = answer.body?.error ?? {}
  assertReason(answer, 404, reason, domain)
  assert.ok(
    endpoint.errors.some((each) => each.reason === reason && each.domain === domain),
    `${name}: ${reason}`,
  )
}

/** Whether the family is the operator's own: only super admins list it, so nothing of it is foreign to them. */
function isProjects({ endpoint }: Operation): boolean {
  const family = endpoint.path.split('/')[1]
  const list = endpoints.find(({ method, path }) => method === 'GET' && path === `/${family}`)
  return Array.isArray(list?.allow) && list.allow.every((bits) => bits === 1)
}

/** What is open to everybody depends on nobody: whoever asks gets the same. */
async function isTheSameForAll(operation: Operation) {
  if (operation.endpoint.method !== 'GET') return
  const answers: Answer[] = []
  for (const caller of ['nobody', 'admin', 'direct'] as const)
    answers.push(await send(caller, operation, fill(operation, UNKNOWN)))
  assert.equal(new Set(answers.map(plain)).size, 1, operation.name)
}

async function idsOf(operation: Operation, owner: Owner | undefined): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, family] of Object.entries(operation.ids))
    found[name] = owner ? ((await filteredBy(operation, name, owner)) ?? (await lastingOf(family, owner))) : UNKNOWN
  return found
}

async function freshIdsOf({ ids }: Operation, owner: Owner): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, family] of Object.entries(ids)) found[name] = await oneOf(family, owner)
  return found
}

/** What a list is asked for, so that there is something in it: of one of the things that it lists. */
async function filteredBy({ isFilter, path }: Operation, name: string, owner: Owner): Promise<string | undefined> {
  const family = path.split(/[/?]/)[2] ?? ''
  if (!isFilter || !endpoints.some((each) => each.method === 'GET' && each.path === `/${family}/{id}`)) return undefined
  const { body } = await owner.root.get(`/v1.0/${family}/${await lastingOf(family, owner)}`)
  return body[name]
}

function lastingOf(family: string, owner: Owner): Promise<string> {
  const of = lasting.get(owner) ?? new Map<string, Promise<string>>()
  lasting.set(owner, of)
  const known = of.get(family) ?? oneOf(family, owner)
  of.set(family, known)
  return known
}

/** Asks with the example of the contract as body, so that an answer is about the id and not about the body. */
function ask(caller: Caller, operation: Operation, ids: Record<string, string>): Promise<Answer> {
  const { body } = operation.endpoint
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '')
  return send(caller, operation, path, body && JSON.stringify(exampleOf(body, 'request')))
}

function send(caller: Caller, { endpoint }: Operation, path: string, body?: string): Promise<Answer> {
  const sent = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body }
  return callers[caller].send(endpoint.method, path, sent)
}

function fill({ path }: Operation, id: string): string {
  return path.replace(/\{\w+\}/g, id)
}

function formatOf({ endpoint: { params, query }, isFilter }: Operation, name: string): 'id' | 'uuid' | '' {
  const properties = (isFilter ? query : params)?.properties
  const { format } = (properties?.[name] ?? {}) as { format?: 'id' | 'uuid' }
  return format ?? ''
}

/** The answer without its request id, and with every id of these tests made the same. */
function plain({ status, text }: Answer): string {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi
  return `${status} ${text.replace(/"request_id":"[^"]*"/, '').replace(uuid, '<id>')}`
}

/** All that there is of an owner, as its admin reads it. */
async function snapshot(owner: Owner): Promise<string[]> {
  const families = [...new Set(operations.flatMap(({ ids }) => Object.values(ids)))].filter(
    (each) => !each.includes('/'),
  )
  // making one may change another: a file is counted by its account
  for (const family of families) await lastingOf(family, owner)
  const answers: string[] = []
  for (const family of families)
    answers.push(plain(await owner.api.get(`/v1.0/${family}/${await lastingOf(family, owner)}`)))
  return answers
}

/** Logs an agent of these tests in (again). */
async function logIn(name: (typeof LOGINS)[number]): Promise<void> {
  const { agent, admin } = platform.credentials
  const known = { admin: agent, root: admin, manager: undefined, agent: undefined, none: undefined }[name]
  callers[name] = known
    ? await loggedIn(platform, known.username, known.password)
    : await loggedIn(platform, `${name}@example.com`)
  selves[name] = (await callers[name].get('/v1.0/me')).body.id
}

/** After something that may have ended what a caller asks with. */
async function revive(caller: Caller): Promise<void> {
  const login = LOGINS.find((each) => each === caller)
  if (login && (await callers[login].get('/v1.0/me')).status === 401) await logIn(login)
  mine.root = callers.root
  theirs.root = callers.root
  if (login === 'root') await delegate()
}

async function delegate(): Promise<void> {
  const asked = { customer_id: platform.credentials.customer.id, reason: 'The matrix of tenancy asks for it' }
  const { body } = await callers.root.post('/auth/delegate', asked)
  callers.delegate = apiClient(platform.http, { token: body.token })
}

/** Who came by the hash of a resource, without an account. */
async function visitor(): Promise<ApiClient> {
  const hash = 'direct.0123456789ab'
  const customer = platform.credentials.customer.id
  await db.query(`insert into directs values ($1, $2, 'ai', $1, $3, now(), null)`, [UNKNOWN, customer, hash])
  const { body } = await apiClient(platform.http).post('/auth/boot', { direct_hash: hash })
  return apiClient(platform.http, { token: body.token })
}

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
