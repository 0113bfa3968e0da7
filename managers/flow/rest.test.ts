// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { migrations as directMigrations, isDirectHash } from '#managers/direct'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { type Answer, apiClient, assertReason, eventually, freshDatabase, sameButRequestId } from '#testkit'
import { ACTION_ID_START, FLOWS_PER_CUSTOMER } from './flow.ts'
import { migrations } from './migrations/index.ts'
import { FlowPlatform } from './testing/flow-platform.ts'
import { uuid } from './testing/virtual-flow.ts'

const alice = systemIds.uuid()
const bob = systemIds.uuid()
const platform = new FlowPlatform(await freshDatabase([...directMigrations, ...migrations]))
const url = await platform.listen()
platform.runtime.start()
const api = apiClient(url, { accesskey: platform.newKey(alice) })
const bobApi = apiClient(url, { accesskey: platform.newKey(bob, Permission.CustomerManager) })
const agentApi = apiClient(url, { accesskey: platform.newKey(alice, Permission.CustomerAgent) })
after(async () => {
  await platform.stop()
})

const FLOW = { name: 'ivr', detail: '', actions: [{ type: 'answer' }] }
const flow = async (more: object = {}) => ok(await api.post('/v1.0/flows', { ...FLOW, ...more }))
const ok = (answer: Answer) => {
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}
/** Waits until the activeflow stands where the test wants it. */
const until = (id: string, stands: (activeflow: { status: string; current_action: { type?: string } }) => boolean) =>
  eventually('the activeflow stands there', async () => {
    const { body } = await api.get(`/v1.0/activeflows/${id}`)
    return stands(body) ? body : undefined
  })
const parked = (activeflow: { current_action: { type?: string } }) => activeflow.current_action.type === 'block'
const run = async (actions: object[]) => ok(await api.post('/v1.0/activeflows', { actions }))

test('a flow comes back as it was saved: ids given, empty texts left out, with its direct hash', async () => {
  const created = await flow()
  const { id, direct_hash, tm_create, actions, ...rest } = created
  assert.deepEqual(rest, {
    customer_id: alice,
    type: 'flow',
    name: 'ivr',
    on_complete_flow_id: NIL_UUID,
    tm_update: null,
    tm_delete: null,
  })
  assert.ok(isDirectHash(direct_hash))
  assert.match(tm_create, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.deepEqual(actions, [{ id: actions[0].id, next_id: NIL_UUID, type: 'answer', tm_execute: null }])
  assert.deepEqual(ok(await api.get(`/v1.0/flows/${id}`)), created)
})

test('names in place of ids are replaced when a flow is saved', async () => {
  const { actions } = await flow({
    actions: [{ id: 'again', type: 'goto', option: { target_id: 'again', loop_count: 2 } }],
  })
  assert.deepEqual(actions[0].option, { target_id: actions[0].id, loop_count: 2 })
})

test('PUT replaces the flow, and an on-complete flow that is left out is none', async () => {
  const other = await flow()
  const { id } = await flow({ on_complete_flow_id: other.id })
  const updated = ok(await api.put(`/v1.0/flows/${id}`, { name: 'new', detail: 'd', actions: [] }))
  assert.deepEqual([updated.name, updated.detail, updated.actions], ['new', 'd', []])
  assert.equal(updated.on_complete_flow_id, NIL_UUID)
  assert.notEqual(updated.tm_update, null)
  assert.deepEqual(ok(await api.get(`/v1.0/flows/${id}`)), updated)
})

test('a deleted flow is gone, its numbers are let go, and deleting it again finds nothing', async () => {
  const { id } = await flow()
  const deleted = ok(await api.delete(`/v1.0/flows/${id}`))
  assert.notEqual(deleted.tm_delete, null)
  assert.deepEqual(platform.detached, [id])
  for (const answer of [
    await api.get(`/v1.0/flows/${id}`),
    await api.put(`/v1.0/flows/${id}`, FLOW),
    await api.delete(`/v1.0/flows/${id}`),
    await api.post(`/v1.0/flows/${id}/direct-hash-regenerate`),
  ])
    assertReason(answer, 404, 'FLOW_NOT_FOUND', 'flow-manager')
})

test('a new direct hash replaces the old one', async () => {
  const { id, direct_hash } = await flow()
  const again = ok(await api.post(`/v1.0/flows/${id}/direct-hash-regenerate`))
  assert.ok(isDirectHash(again.direct_hash))
  assert.notEqual(again.direct_hash, direct_hash)
  assert.equal(ok(await api.get(`/v1.0/flows/${id}`)).direct_hash, again.direct_hash)
})

test('lists have the newest first, page by page, and only the own ones', async () => {
  const made = [await flow(), await flow(), await flow()].map(({ id }) => id)
  const first = ok(await api.get('/v1.0/flows?page_size=2'))
  const second = ok(await api.get(`/v1.0/flows?page_size=1&page_token=${first.next_page_token}`))
  assert.deepEqual(
    [...first.result, ...second.result].map(({ id }: { id: string }) => id),
    made.reverse(),
  )
  assert.deepEqual(ok(await bobApi.get('/v1.0/flows')), { result: [], next_page_token: '' })
})

test('what a flow announces stays inside', async () => {
  const { id } = await flow()
  await api.put(`/v1.0/flows/${id}`, FLOW)
  await api.delete(`/v1.0/flows/${id}`)
  const events = (await platform.events(alice)).filter(({ resource_id }) => resource_id === id)
  assert.deepEqual(
    events.map(({ type, public: isPublic }) => [type, isPublic]),
    [
      ['flow_created', false],
      ['flow_updated', false],
      ['flow_deleted', false],
    ],
  )
})

test("another customer's flow looks exactly like one that does not exist", async () => {
  const { id } = await flow()
  for (const [method, suffix, body] of [
    ['get', ''],
    ['put', '', FLOW],
    ['delete', ''],
    ['post', '/direct-hash-regenerate'],
  ] as const) {
    const foreign = await bobApi[method](`/v1.0/flows/${id}${suffix}`, body)
    assertReason(foreign, 404, 'FLOW_NOT_FOUND', 'flow-manager')
    sameButRequestId(foreign, await bobApi[method](`/v1.0/flows/${systemIds.uuid()}${suffix}`, body))
  }
})

test('an agent without the permission is refused before anything is looked up', async () => {
  assertReason(await agentApi.get(`/v1.0/flows/${systemIds.uuid()}`), 403, 'PERMISSION_DENIED')
  assertReason(await agentApi.post('/v1.0/activeflows', {}), 403, 'PERMISSION_DENIED')
})

const refusals: [string, object, string, string, string[]][] = [
  ['an unknown type', { actions: [{ type: 'dance' }] }, 'INVALID_ACTION_TYPE', 'flow-manager', ['/actions/0/type']],
  [
    'every fault at once, under the narrowest reason',
    { actions: [{ type: 'sleep', option: { duration: -1 } }, { type: 'dance' }] },
    'INVALID_ACTION_TYPE',
    'flow-manager',
    ['/actions/0/option/duration', '/actions/1/type'],
  ],
  [
    'a wrong anonymous',
    { actions: [{ type: 'connect', option: { destinations: [{ type: 'sip', target: 'a@b' }], anonymous: 'maybe' } }] },
    'INVALID_ANONYMOUS_VALUE',
    'flow-manager',
    ['/actions/0/option/anonymous'],
  ],
  [
    'a destination that is none, and a format that is not made',
    {
      actions: [
        { type: 'connect', option: { destinations: [{ type: 'tel', target: '12' }] } },
        { type: 'recording_start', option: { format: 'ogg', on_end_flow_id: uuid(1) } },
      ],
    },
    'INVALID_ARGUMENT',
    'api-manager',
    ['/actions/0/option/destinations/0/target', '/actions/1/option/format', '/actions/1/option/on_end_flow_id'],
  ],
  [
    'a fault in the actions of a call',
    {
      actions: [
        {
          type: 'call',
          option: {
            destinations: [{ type: 'sip', target: 'a@b' }],
            flow_id: uuid(1),
            actions: [{ type: 'connect', option: { destinations: [] } }],
          },
        },
      ],
    },
    'INVALID_ARGUMENT',
    'api-manager',
    ['/actions/0/option/actions/0/option/destinations', '/actions/0/option/flow_id'],
  ],
  [
    'a target that is nowhere',
    { actions: [{ type: 'answer' }, { type: 'goto', option: { target_id: uuid(1) } }] },
    'INVALID_ARGUMENT',
    'api-manager',
    ['/actions/1/option/target_id'],
  ],
  [
    'a flow to fetch that is not there',
    { actions: [{ type: 'fetch_flow', option: { flow_id: uuid(1) } }] },
    'INVALID_ARGUMENT',
    'api-manager',
    ['/actions/0/option/flow_id'],
  ],
  [
    'ten thousand actions',
    { actions: Array.from({ length: 10_000 }, () => ({ type: 'beep' })) },
    'INVALID_ARGUMENT',
    'api-manager',
    ['/actions'],
  ],
  ['an action without a type', { actions: [{}] }, 'INVALID_ARGUMENT', 'api-manager', ['/actions/0/type']],
  [
    'an on-complete flow that is no id',
    { on_complete_flow_id: 'x' },
    'INVALID_ID',
    'api-manager',
    ['/on_complete_flow_id'],
  ],
  ['actions that are no list', { actions: {} }, 'INVALID_JSON_BODY', 'api-manager', ['/actions']],
]
for (const [what, body, reason, domain, pointers] of refusals)
  test(`${what} is refused, and details point at it`, async () => {
    for (const answer of [
      await api.post('/v1.0/flows', { ...FLOW, ...body }),
      await api.put(`/v1.0/flows/${(await flow()).id}`, { ...FLOW, ...body }),
    ]) {
      assertReason(answer, 400, reason, domain)
      assert.deepEqual(
        answer.body.error.details.map(({ pointer }: { pointer: string }) => pointer),
        pointers,
      )
    }
  })

test('a flow is tested against a script: what the caller hears, its steps, and what was covered', async () => {
  const { id, actions } = await flow({
    actions: [
      { type: 'talk', option: { text: 'Press 1, ${name}.' } },
      { type: 'digits_receive', option: { duration: 5_000, length: 1 } },
      { type: 'branch', option: { target_ids: { '1': 'one' } } },
      { type: 'hangup' },
      { id: 'one', type: 'talk', option: { text: 'One.' } },
    ],
  })
  const script = { variables: { name: 'Almon' }, caller: [{ hears: 'Press 1', press: '1' }] }
  const report = ok(await api.post(`/v1.0/flows/${id}/test`, script))
  assert.deepEqual(report.heard, ['Press 1, Almon.', 'One.'])
  assert.deepEqual([report.verdict, report.executions[0].ended_reason], ['ended', 'finished'])
  assert.deepEqual(report.coverage.branches, [
    { action_id: actions[2].id, target_id: actions[4].id, ways: ['=1'], times: 1 },
    { action_id: actions[2].id, target_id: actions[3].id, ways: ['default'], times: 0 },
  ])
  const untold = ok(await api.post(`/v1.0/flows/${id}/test`))
  assert.deepEqual(untold.heard, ['Press 1, .'])
  const changed = ok(
    await api.post(`/v1.0/flows/${id}/test`, { actions: [{ type: 'talk', option: { text: 'New.' } }] }),
  )
  assert.deepEqual(changed.heard, ['New.'])
  assert.deepEqual(ok(await api.get(`/v1.0/flows/${id}`)).actions, actions)
})

test('a test leaves no trace: no execution, no request, no flow', async () => {
  const { id } = await flow({ actions: [{ type: 'webhook_send', option: { uri: 'https://example.com', sync: true } }] })
  const before = (await api.get('/v1.0/activeflows')).body.result.length
  const sent = platform.sent.length
  ok(await api.post(`/v1.0/flows/${id}/test`, { reference_type: 'api' }))
  assert.equal((await api.get('/v1.0/activeflows')).body.result.length, before)
  assert.equal(platform.sent.length, sent)
})

test('a test of what is not there, or with a script that is none, is refused at its place', async () => {
  const { id } = await flow()
  assertReason(await bobApi.post(`/v1.0/flows/${id}/test`, {}), 404, 'FLOW_NOT_FOUND', 'flow-manager')
  assertReason(await api.post('/v1.0/flows/x/test', {}), 400, 'INVALID_ID')
  for (const [script, reason, pointer] of [
    [{ caller: [{ press: 'hello' }] }, 'INVALID_ARGUMENT', '/caller/0/press'],
    [{ tm_start: 'tomorrow' }, 'INVALID_ARGUMENT', '/tm_start'],
    [{ requests: Array(101).fill({}) }, 'INVALID_ARGUMENT', '/requests'],
    [
      { others: { queue_join: { set: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`v${at}`, ''])) } } },
      'INVALID_ARGUMENT',
      '/others/queue_join/set',
    ],
    [{ variables: { a: 'x'.repeat(32_769) } }, 'INVALID_VARIABLES', '/variables/a'],
    [{ actions: [{ type: 'dance' }] }, 'INVALID_ACTION_TYPE', '/actions/0/type'],
    [
      { actions: [{ type: 'connect', option: { destinations: [{ type: 'agent', target: id }], anonymous: 'x' } }] },
      'INVALID_ANONYMOUS_VALUE',
      '/actions/0/option/anonymous',
    ],
  ] as const) {
    const answer = await api.post(`/v1.0/flows/${id}/test`, script)
    assertReason(
      answer,
      400,
      reason,
      reason === 'INVALID_ARGUMENT' || reason === 'INVALID_VARIABLES' ? 'api-manager' : 'flow-manager',
    )
    assert.equal(answer.body.error.details[0].pointer, pointer)
  }
})

test('a customer tests one flow at a time: another waits and then is tested; other customers do not mind', async () => {
  const { id } = await flow()
  const bobs = ok(await bobApi.post('/v1.0/flows', FLOW)).id
  const { first, other } = await platform.db.transaction(async (trx) => {
    await sql`lock table flows in access exclusive mode`.execute(trx) // no flow can be read meanwhile
    const first = platform.flows.test(alice, id, {})
    const refused = await api.post(`/v1.0/flows/${id}/test`)
    assertReason(refused, 429, 'RATE_LIMIT_EXCEEDED')
    return { first, other: bobApi.post(`/v1.0/flows/${bobs}/test`) }
  })
  assert.equal((await first).verdict, 'ended')
  ok(await other)
  ok(await api.post(`/v1.0/flows/${id}/test`))
  assertReason(await api.post(`/v1.0/flows/${systemIds.uuid()}/test`), 404, 'FLOW_NOT_FOUND', 'flow-manager')
  ok(await api.post(`/v1.0/flows/${id}/test`)) // a refused one is over too
})

test('the on-complete flow must be a flow of the customer', async () => {
  const foreign = ok(await bobApi.post('/v1.0/flows', FLOW)).id
  for (const on_complete_flow_id of [foreign, systemIds.uuid()]) {
    const answer = await api.post('/v1.0/flows', { ...FLOW, on_complete_flow_id })
    assertReason(answer, 404, 'FLOW_NOT_FOUND', 'flow-manager')
    assert.equal(answer.body.error.details[0].pointer, '/on_complete_flow_id')
  }
})

test('a flow may fetch another flow of its customer, but nobody else’s', async () => {
  const mine = (await flow()).id
  await flow({ actions: [{ type: 'fetch_flow', option: { flow_id: mine } }] })
  const answer = await bobApi.post('/v1.0/flows', {
    ...FLOW,
    actions: [{ type: 'fetch_flow', option: { flow_id: mine } }],
  })
  assertReason(answer, 400, 'INVALID_ARGUMENT')
})

test('ten thousand flows are the most', async () => {
  const carol = systemIds.uuid()
  await platform.db.query(
    `insert into flows select gen_random_uuid(), $1, 'flow', '', '', '[]', '', $2, true, now(), null, null
     from generate_series(1, $3)`,
    [carol, NIL_UUID, FLOWS_PER_CUSTOMER],
  )
  const carolApi = apiClient(platform.url, { accesskey: platform.newKey(carol) })
  for (const answer of [
    await carolApi.post('/v1.0/flows', FLOW),
    await carolApi.post('/v1.0/activeflows', { actions: [] }),
  ])
    assertReason(answer, 429, 'RESOURCE_LIMIT_EXCEEDED', 'flow-manager')
})

test('an activeflow is answered before its first step, then runs by itself to its end', async () => {
  const { id: flow_id } = await flow({ actions: [{ type: 'variable_set', option: { key: 'a', value: '${b}' } }] })
  const created = ok(await api.post('/v1.0/activeflows', { flow_id, variables: { b: '1' } }))
  const { id, tm_create, ...rest } = created
  assert.deepEqual(rest, {
    customer_id: alice,
    flow_id,
    status: 'running',
    reference_type: 'api',
    reference_id: NIL_UUID,
    reference_activeflow_id: NIL_UUID,
    on_complete_flow_id: NIL_UUID,
    current_action: { id: ACTION_ID_START, next_id: NIL_UUID, tm_execute: null },
    forward_action_id: NIL_UUID,
    executed_actions: [],
    tm_update: null,
    tm_delete: null,
  })
  assert.ok(tm_create)
  const ended = await until(id, ({ status }) => status === 'ended')
  assert.equal(ended.ended_reason, 'finished')
  assert.deepEqual(
    ended.executed_actions.map(({ type, option }: { type?: string; option?: object }) => [type, option]),
    [
      [undefined, undefined],
      ['variable_set', { key: 'a', value: '1' }],
    ],
  )
})

test('every step of an activeflow is announced, and the same as it is read', async () => {
  const { id } = await run([{ type: 'answer' }, { type: 'variable_set', option: { key: 'a', value: '1' } }])
  const ended = await until(id, ({ status }) => status === 'ended')
  const events = (await platform.events(alice)).filter(({ resource_id }) => resource_id === id)
  assert.ok(events.every((event) => event.public))
  assert.deepEqual(
    events.map(({ type, data }) => [type, data.status, data.current_action.type, data.executed_actions.length]),
    [
      ['activeflow_created', 'running', undefined, 0],
      ['activeflow_updated', 'running', 'answer', 1],
      ['activeflow_updated', 'running', 'variable_set', 2],
      ['activeflow_updated', 'ended', undefined, 3],
    ],
  )
  assert.deepEqual(events.at(-1)?.data, ended)
  assert.equal(ended.executed_actions[1].result, 'skipped')
  assert.equal(ended.executed_actions[1].cause, 'needs_call')
})

test('inline actions make a flow that is not listed and can be read, also when its activeflow is deleted', async () => {
  const { id, flow_id } = await run([{ type: 'block' }])
  const inline = ok(await api.get(`/v1.0/flows/${flow_id}`))
  assert.equal(inline.direct_hash, undefined)
  const listed = ok(await api.get('/v1.0/flows')).result.map((each: { id: string }) => each.id)
  assert.ok(!listed.includes(flow_id))
  assertReason(await api.delete(`/v1.0/flows/${flow_id}`), 404, 'FLOW_NOT_FOUND', 'flow-manager')
  ok(await api.delete(`/v1.0/activeflows/${id}`))
  assert.deepEqual(ok(await api.get(`/v1.0/flows/${flow_id}`)), inline)
  assertReason(await bobApi.get(`/v1.0/flows/${flow_id}`), 404, 'FLOW_NOT_FOUND', 'flow-manager')
})

test('nothing to run ends at once', async () => {
  const { id } = ok(await api.post('/v1.0/activeflows', {}))
  await until(id, ({ status }) => status === 'ended')
})

test('an activeflow may have an id of your choice, once', async () => {
  const id = systemIds.uuid()
  assert.equal(ok(await api.post('/v1.0/activeflows', { id })).id, id)
  assertReason(await api.post('/v1.0/activeflows', { id }), 409, 'ACTIVEFLOW_ALREADY_EXISTS', 'flow-manager')
  assertReason(await api.post('/v1.0/activeflows', { id: 'x' }), 400, 'INVALID_ID')
})

const created: [string, object, number, string, string][] = [
  [
    'too many variables',
    { variables: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`v${at}`, ''])) },
    400,
    'INVALID_VARIABLES',
    '/variables',
  ],
  [
    'a variable that is too long',
    { variables: { 'a/b': 'x'.repeat(32_769) } },
    400,
    'INVALID_VARIABLES',
    '/variables/a~1b',
  ],
  ['a variable that is no text', { variables: { a: 1 } }, 400, 'INVALID_JSON_BODY', '/variables/a'],
  ['a webhook without a host', { webhook_uri: 'https://' }, 400, 'INVALID_WEBHOOK_URI', '/webhook_uri'],
  ['a webhook without slashes', { webhook_uri: 'http:example.com' }, 400, 'INVALID_WEBHOOK_URI', '/webhook_uri'],
  ['a webhook with a line end', { webhook_uri: 'http://a\n.b/' }, 400, 'INVALID_WEBHOOK_URI', '/webhook_uri'],
  ['a webhook of another scheme', { webhook_uri: 'ftp://example.com' }, 400, 'INVALID_WEBHOOK_URI', '/webhook_uri'],
  ['a webhook inside', { webhook_uri: 'http://[::ffff:127.0.0.1]/' }, 400, 'INVALID_WEBHOOK_URI', '/webhook_uri'],
  ['a webhook method that is none', { webhook_method: 'PATCH' }, 400, 'INVALID_WEBHOOK_METHOD', '/webhook_method'],
]
for (const [what, body, http, reason, pointer] of created)
  test(`an activeflow with ${what} is refused`, async () => {
    const answer = await api.post('/v1.0/activeflows', body)
    assertReason(answer, http, reason)
    assert.equal(answer.body.error.details[0].pointer, pointer)
  })

test('an activeflow with wrong actions is refused as a flow would be', async () => {
  const answer = await api.post('/v1.0/activeflows', { actions: [{ type: 'dance' }] })
  assertReason(answer, 400, 'INVALID_ACTION_TYPE', 'flow-manager')
  const anonymous = await api.post('/v1.0/activeflows', { actions: [{ type: 'call', option: { anonymous: 'x' } }] })
  assertReason(anonymous, 400, 'INVALID_ANONYMOUS_VALUE', 'flow-manager')
})

test("another customer's flow cannot be run", async () => {
  const { id: flow_id } = await flow()
  const foreign = await bobApi.post('/v1.0/activeflows', { flow_id })
  assertReason(foreign, 404, 'FLOW_NOT_FOUND', 'flow-manager')
  sameButRequestId(foreign, await bobApi.post('/v1.0/activeflows', { flow_id: systemIds.uuid() }))
})

test('the webhook of an activeflow is shown', async () => {
  const webhook = { webhook_uri: 'https://example.com/hook', webhook_method: 'PUT' }
  const { id } = ok(await api.post('/v1.0/activeflows', webhook))
  const { webhook_uri, webhook_method } = ok(await api.get(`/v1.0/activeflows/${id}`))
  assert.deepEqual({ webhook_uri, webhook_method }, webhook)
})

test('a variable that was not taken is told with the start', async () => {
  const { current_action } = ok(await api.post('/v1.0/activeflows', { variables: { 'voipbin.call.id': 'x' } }))
  assert.equal(current_action.cause, 'variables_dropped: voipbin.call.id')
})

test('a flow works through the actions that a server answers with', async () => {
  const body = JSON.stringify([{ type: 'variable_set', option: { key: 'a', value: '1' } }, { type: 'block' }])
  platform.outcome = async () => ({ ok: true, status: 200, body })
  const { id } = await run([{ type: 'fetch', option: { event_url: 'https://example.com/next' } }])
  const { executed_actions } = await until(id, parked)
  assert.deepEqual(
    executed_actions.slice(1).map(({ type }: { type: string }) => type),
    ['fetch', 'variable_set'],
  )
  const request = platform.sent.at(-1)
  assert.deepEqual(
    [request?.uri, request?.method, request?.sync, request?.most_bytes, request?.within_ms],
    ['https://example.com/next', 'POST', true, 65_536, 10_000],
  )
  assert.deepEqual(JSON.parse(request?.data ?? ''), {
    activeflow_id: id,
    reference_type: 'api',
    reference_id: NIL_UUID,
  })
  assert.match(request?.key ?? '', new RegExp(`^${id}:`))
})

test('a server that answers garbage ends the flow with a cause that says where', async () => {
  platform.outcome = async () => ({ ok: true, status: 200, body: '[{"type":"beep"},{"type":"dance"}]' })
  const { id } = await run([{ type: 'fetch', option: { event_url: 'https://example.com/next' } }])
  const { ended_reason, ended_detail } = await until(id, ({ status }) => status === 'ended')
  assert.equal(ended_reason, 'action_failed')
  assert.equal(ended_detail, 'fetch: fetch_failed: actions_invalid: actions[1].type is no type of action')
  platform.outcome = async () => ({ ok: true, status: 200, body: '{}' })
})

test('what no manager carries out yet fails visibly', async () => {
  const { id } = await run([
    { type: 'case_create' },
    { type: 'message_send', option: { destinations: [{ type: 'tel', target: '+15550100001' }] } },
  ])
  const { executed_actions, current_action, ended_detail } = await until(id, ({ status }) => status === 'ended')
  assert.equal(executed_actions[1].cause, 'action_not_available: case_create')
  assert.equal(current_action.cause, 'action_not_available: message_send')
  assert.equal(ended_detail, 'message_send: action_not_available: message_send')
})

test('stop ends an activeflow, once', async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  const stopped = ok(await api.post(`/v1.0/activeflows/${id}/stop`))
  assert.deepEqual([stopped.status, stopped.ended_reason], ['ended', 'requested'])
  assert.deepEqual(ok(await api.get(`/v1.0/activeflows/${id}`)), stopped)
  const again = await api.post(`/v1.0/activeflows/${id}/stop`)
  assertReason(again, 409, 'ACTIVEFLOW_ALREADY_STOPPED', 'flow-manager')
  assert.deepEqual(again.body.error.details, [{ activeflow_id: id }])
})

test('continue goes on after block, and nowhere else', async () => {
  const { id } = await run([{ type: 'block' }, { type: 'sleep', option: { duration: 60_000 } }])
  await until(id, parked)
  assert.equal(ok(await api.post(`/v1.0/activeflows/${id}/continue`)).current_action.type, 'sleep')
  assertReason(await api.post(`/v1.0/activeflows/${id}/continue`), 409, 'FLOW_STATE_INVALID', 'flow-manager')
  platform.clock.advance(60_000)
  await until(id, ({ status }) => status === 'ended')
  assertReason(await api.post(`/v1.0/activeflows/${id}/continue`), 409, 'FLOW_STATE_INVALID', 'flow-manager')
})

test('delete stops a running activeflow first, and then it is gone', async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  const deleted = ok(await api.delete(`/v1.0/activeflows/${id}`))
  assert.deepEqual([deleted.status, deleted.ended_reason], ['ended', 'deleted'])
  assert.notEqual(deleted.tm_delete, null)
  for (const answer of [
    await api.get(`/v1.0/activeflows/${id}`),
    await api.delete(`/v1.0/activeflows/${id}`),
    await api.post(`/v1.0/activeflows/${id}/stop`),
    await api.post(`/v1.0/activeflows/${id}/continue`),
  ])
    assertReason(answer, 404, 'ACTIVEFLOW_NOT_FOUND', 'flow-manager')
  const types = (await platform.events(alice)).filter(({ resource_id }) => resource_id === id).map(({ type }) => type)
  assert.deepEqual(types.slice(-2), ['activeflow_updated', 'activeflow_deleted'])
})

test("another customer's activeflow looks exactly like one that does not exist, running or ended", async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  for (const [method, suffix] of [
    ['get', ''],
    ['delete', ''],
    ['post', '/stop'],
    ['post', '/continue'],
  ] as const) {
    const foreign = await bobApi[method](`/v1.0/activeflows/${id}${suffix}`)
    assertReason(foreign, 404, 'ACTIVEFLOW_NOT_FOUND', 'flow-manager')
    sameButRequestId(foreign, await bobApi[method](`/v1.0/activeflows/${systemIds.uuid()}${suffix}`))
  }
  assert.ok(parked(ok(await api.get(`/v1.0/activeflows/${id}`))))
})

test('many who delete the same activeflow at once get one success, and nobody waits in vain', async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  await api.post(`/v1.0/activeflows/${id}/stop`)
  const answers = await Promise.all(Array.from({ length: 40 }, () => api.delete(`/v1.0/activeflows/${id}`)))
  const done = answers.filter(({ status }) => status === 200)
  assert.equal(done.length, 1)
  for (const answer of answers)
    if (answer !== done[0]) assertReason(answer, 404, 'ACTIVEFLOW_NOT_FOUND', 'flow-manager')
})

test('an id in the path that is none is refused', async () => {
  for (const id of ['x', NIL_UUID]) {
    assertReason(await api.get(`/v1.0/flows/${id}`), 400, 'INVALID_ID')
    assertReason(await api.post(`/v1.0/activeflows/${id}/stop`), 400, 'INVALID_ID')
  }
  assertReason(await api.post('/v1.0/flows/x/direct-hash-regenerate'), 400, 'INVALID_REQUEST_PARAMETER')
})

test('lists of activeflows show each with its history', async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  const { result } = ok(await api.get('/v1.0/activeflows?page_size=1'))
  assert.deepEqual([result[0].id, result[0].executed_actions.length], [id, 1])
})

test('an upper-case id is the same id', async () => {
  const { id } = await run([{ type: 'block' }])
  await until(id, parked)
  assert.equal(ok(await api.post(`/v1.0/activeflows/${id.toUpperCase()}/stop`)).id, id)
})

test('no route answered with a reason that it does not declare', () => {
  assert.deepEqual(platform.undeclared(), [])
})
