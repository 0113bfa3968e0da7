import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { checkActions } from '../check-actions.ts'
import { fetchedActions } from '../fetched-actions.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const fetch = action(1, 'fetch', { event_url: 'https://example.com/next' })
const answer = (body: unknown, status = 200) =>
  fetchedActions({ ok: true, status, body: typeof body === 'string' ? body : JSON.stringify(body) }, sequentialIds())

test('the server is told which execution asks, by POST unless another method is named', () => {
  const flow = new VirtualFlow([fetch], { reference_id: uuid(9) }).start()
  const { url, method, data } = flow.last('fetch_actions')
  assert.deepEqual([url, method], ['https://example.com/next', 'POST'])
  assert.deepEqual(JSON.parse(data), { activeflow_id: uuid(0xaf), reference_type: 'call', reference_id: uuid(9) })
  const get = action(1, 'fetch', { event_url: 'https://example.com', event_method: 'GET' })
  assert.equal(new VirtualFlow([get]).start().last('fetch_actions').method, 'GET')
})

test('the actions that it answers are worked through, then the flow goes on; none are nothing', () => {
  for (const [actions, path] of [
    [[action(3, 'variable_set', { key: 'a', value: '1' })], [1, 3, 2]],
    [[], [1, 2]],
  ] as const) {
    const flow = new VirtualFlow([fetch, action(2, 'beep')]).start()
    flow.take({ type: 'actions_fetched', key: flow.last('fetch_actions').key, outcome: { ok: true, actions } })
    assert.deepEqual(flow.path, path)
  }
})

test('no answer in ten seconds ends the flow, and a late one changes nothing', () => {
  const flow = new VirtualFlow([fetch]).start()
  flow.clock.advance(10_000)
  assert.equal(flow.state.ended_detail, 'fetch: fetch_failed: timeout')
  const outcome = { ok: true, actions: [] } as const
  assert.equal(flow.take({ type: 'actions_fetched', key: flow.last('fetch_actions').key, outcome }), false)
})

test('actions without ids get them, and names among them are followed', () => {
  const fetched = answer([
    { id: 'a', type: 'beep' },
    { type: 'goto', option: { target_id: 'a', loop_count: 1 } },
  ])
  assert.ok(fetched.ok)
  assert.equal(fetched.actions[1]?.option?.target_id, fetched.actions[0]?.id)
})

const bad: [string, unknown, string][] = [
  ['no JSON', '<html>', 'no_array'],
  ['nothing', '', 'no_array'],
  ['an object', { actions: [] }, 'no_array'],
  ['JSON that was cut off', '[{"type":"beep"}', 'no_array'],
  ['text that the database cannot hold', '[{"type":"talk","option":{"text":"a\\u0000b"}}]', 'no_array'],
  ['a list too deep to read', '['.repeat(50_000), 'no_array'],
  ['more than 64 KiB', [{ type: 'talk', option: { text: 'x'.repeat(65_536) } }], 'answer_too_large'],
  ['an unknown type', [{ type: 'beep' }, { type: 'dance' }], 'actions_invalid: actions[1].type is no type of action'],
  [
    'a wrong option',
    [{ type: 'sleep', option: { duration: 'x' } }],
    'actions_invalid: actions[0].option.duration must be integer',
  ],
  [
    'too many actions',
    Array.from({ length: 101 }, () => ({ type: 'beep' })),
    'actions_invalid: actions has too many actions: an answer has at most 100',
  ],
]
for (const [what, body, cause] of bad)
  test(`a server that answers ${what} has failed`, () => assert.deepEqual(answer(body), { ok: false, cause }))

test('a backslash before u0000 is plain text', () =>
  assert.ok(answer('[{"type":"talk","option":{"text":"\\\\u0000"}}]').ok))

test('any status but 200 has failed, and so has an answer that never came', () => {
  assert.deepEqual(answer([], 204), { ok: false, cause: 'status 204' })
  assert.deepEqual(fetchedActions({ ok: false, cause: 'blocked' }, sequentialIds()), { ok: false, cause: 'blocked' })
})

test('an answer that was cut off by its length says so', () => {
  const cut = { ok: true, status: 200, body: '[', truncated: true } as const
  assert.deepEqual(fetchedActions(cut, sequentialIds()), { ok: false, cause: 'answer_too_large' })
})

test('a hundred actions are taken', () => {
  const fetched = answer(Array.from({ length: 100 }, () => ({ type: 'beep' })))
  assert.equal(fetched.ok && fetched.actions.length, 100)
})

test('the first fault of an answer ends the looking: what follows costs the calls nothing', () => {
  const looked: string[] = []
  const watched = new Proxy({ type: 'beep' }, { get: (of, name) => looked.push(String(name)) && Reflect.get(of, name) })
  const limits = { actions: 100, faults: 1, whole: 'an answer' }
  const { faults } = checkActions([{ type: 'dance' }, watched, { type: 'dance' }], ['actions'], sequentialIds(), limits)
  assert.deepEqual(
    faults.map(({ field }) => field),
    ['actions[0].type'],
  )
  assert.deepEqual(looked, ['id'])
})
