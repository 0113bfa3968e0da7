// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUuid, NIL_UUID, sequentialIds } from '#platform/ids'
import { ACTION_TYPES } from './actions/index.ts'
import { checkActions } from './check-actions.ts'
import { ACTION_ID_START } from './flow.ts'
import { uuid } from './testing/virtual-flow.ts'

const destinations = [{ type: 'tel', target: '+4930123456' }]
const check = (actions: unknown[]) => checkActions(actions, ['actions'], sequentialIds())
const places = (actions: unknown[]) => check(actions).faults.map(({ field, issue }) => `${field} ${issue}`)

test('an action without an id gets one', () => {
  const { actions, faults } = check([
    { type: 'answer' },
    { type: 'stop', id: '', next_id: '' },
    { type: 'stop', id: NIL_UUID },
  ])
  assert.deepEqual(faults, [])
  assert.ok(actions.every(({ id }) => isUuid(id) && id !== NIL_UUID))
  assert.equal(new Set(actions.map(({ id }) => id)).size, 3)
  assert.ok(actions.every(({ next_id }) => next_id === NIL_UUID))
})

test('a UUID stays what it is, in lower case', () => {
  const { actions } = check([
    { type: 'goto', id: uuid(0xab).toUpperCase(), option: { target_id: uuid(0xab).toUpperCase() } },
  ])
  assert.equal(actions[0]?.id, uuid(0xab))
  assert.deepEqual(actions[0]?.option, { target_id: uuid(0xab) })
})

test('names become UUIDs wherever they are referred to', () => {
  const { actions, faults } = check([
    { id: 'ask', type: 'talk', next_id: 'menu' },
    { id: 'menu', type: 'branch', option: { default_target_id: 'ask', target_ids: { '1': 'bye', '2': 'ask' } } },
    { id: 'open?', type: 'condition_datetime', option: { condition: '>=', hour: 9, false_target_id: 'bye' } },
    { id: 'bye', type: 'goto', option: { target_id: 'ask', loop_count: 1 } },
  ])
  assert.deepEqual(faults, [])
  const [ask, menu, open, bye] = actions
  assert.ok(actions.every(({ id }) => isUuid(id)))
  assert.equal(ask?.next_id, menu?.id)
  assert.deepEqual(menu?.option, { default_target_id: ask?.id, target_ids: { '1': bye?.id, '2': ask?.id } })
  assert.equal(open?.option?.false_target_id, bye?.id)
  assert.equal(bye?.option?.target_id, ask?.id)
})

test('what was written is not changed', () => {
  const written = [{ id: 'a', type: 'goto', option: { target_id: 'a' } }]
  const before = structuredClone(written)
  check(written)
  assert.deepEqual(written, before)
})

const refused: [string, unknown[], string[]][] = [
  ['an unknown type', [{ type: 'dance' }], ['actions[0].type is no type of action']],
  ['the internal type', [{ type: 'empty' }], ['actions[0].type is no type of action']],
  ['no type', [{}], ['actions[0].type is required']],
  ['what is no object', [1], ['actions[0] must be an object', 'actions[0].type is required']],
  [
    'an id used twice',
    [
      { id: 'a', type: 'stop' },
      { id: 'a', type: 'stop' },
    ],
    ['actions[1].id is the id of another action too'],
  ],
  [
    'a reserved id',
    [{ id: ACTION_ID_START, type: 'stop' }],
    ['actions[0].id is an id that the platform keeps for itself'],
  ],
  [
    'a target that is nowhere',
    [{ type: 'goto', option: { target_id: uuid(7) } }],
    ['actions[0].option.target_id names no action of this list'],
  ],
  [
    'a name that is nowhere',
    [{ type: 'branch', option: { target_ids: { '1': 'x' } } }],
    ['actions[0].option.target_ids.1 names no action of this list'],
  ],
  ['a next_id that is nowhere', [{ type: 'stop', next_id: 'x' }], ['actions[0].next_id names no action of this list']],
  [
    'a wrong type of option',
    [{ type: 'sleep', option: { duration: '5' } }],
    ['actions[0].option.duration must be integer'],
  ],
  [
    'a placeholder where no text belongs',
    [{ type: 'sleep', option: { duration: '${d}' } }],
    ['actions[0].option.duration must be integer'],
  ],
  ['a value out of range', [{ type: 'sleep', option: { duration: -1 } }], ['actions[0].option.duration must be >= 0']],
  ['a missing option', [{ type: 'webhook_send' }], ['actions[0].option.uri is required']],
  [
    'no file at all',
    [{ type: 'play', option: { stream_urls: [] } }],
    ['actions[0].option.stream_urls must not have fewer than 1 items'],
  ],
  [
    'a file of the machine',
    [{ type: 'play', option: { stream_urls: ['/etc/passwd'] } }],
    ['actions[0].option.stream_urls[0] must match pattern "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+"'],
  ],
  [
    'an action that names nothing',
    [
      { type: 'queue_join' },
      { type: 'fetch_flow', option: { flow_id: '' } },
      { type: 'goto' },
      { type: 'ai_task' },
      { type: 'external_media_start' },
    ],
    [
      'actions[0].option.queue_id is required',
      'actions[1].option.flow_id is required: the nil UUID names nothing',
      'actions[2].option.target_id is required',
      'actions[3].option.assistance_id is required',
      'actions[4].option.external_host is required',
    ],
  ],
  [
    'a host that is none',
    [
      { type: 'external_media_start', option: { external_host: 'example.com' } },
      { type: 'external_media_start', option: { external_host: 'example.com:70000' } },
      { type: 'external_media_start', option: { external_host: 'http://example.com:80' } },
    ],
    [
      'actions[0].option.external_host must be host:port',
      'actions[1].option.external_host must be host:port',
      'actions[2].option.external_host must be host:port',
    ],
  ],
  [
    'somebody whom the action cannot reach',
    [
      { type: 'email_send', option: { destinations: [{ type: 'tel', target: '+4930123456' }] } },
      { type: 'message_send', option: { source: { type: 'sip' }, destinations: [{ type: 'email', target: 'a@b.c' }] } },
    ],
    [
      'actions[0].option.destinations[0].type must be email',
      'actions[1].option.source.type must be tel',
      'actions[1].option.destinations[0].type must be tel',
    ],
  ],
  [
    'an id that is none',
    [{ type: 'queue_join', option: { queue_id: 'sales' } }],
    ['actions[0].option.queue_id must match format "uuid"'],
  ],
  [
    'an unknown word',
    [{ type: 'talk', option: { text: 'x', digits_handle: 'stop' } }],
    ['actions[0].option.digits_handle must be one of , next'],
  ],
  [
    'nobody to call',
    [
      { type: 'connect', option: {} },
      { type: 'call', option: { destinations: [] } },
    ],
    ['actions[0].option.destinations is required', 'actions[1].option.destinations must not have fewer than 1 items'],
  ],
  [
    'a destination without a type',
    [{ type: 'connect', option: { destinations: [{ target: '+4930123456' }] } }],
    ['actions[0].option.destinations[0].type is required'],
  ],
  [
    'a destination that cannot be called',
    [{ type: 'call', option: { destinations: [...destinations, { type: 'email', target: 'a@example.com' }] } }],
    ['actions[0].option.destinations[1].type cannot be called: use tel, sip, extension or agent'],
  ],
  [
    'a destination of an unknown type',
    [{ type: 'connect', option: { destinations: [{ type: 'pigeon', target: 'x' }] } }],
    [
      'actions[0].option.destinations[0].type must be one of , agent, ai, ai_team, conference, email, extension, line, sip, tel, web_session, webchat, whatsapp',
    ],
  ],
  [
    'a destination whose target has not the form of its type',
    [
      {
        type: 'connect',
        option: {
          destinations: [
            { type: 'tel', target: '030 123' },
            { type: 'sip', target: 'alice@' },
            { type: 'sip', target: 'a@b\r\nVia: x' },
            { type: 'sip', target: 'sip:@example.com' },
            { type: 'agent', target: 'bob' },
            { type: 'extension' },
          ],
        },
      },
    ],
    [
      'actions[0].option.destinations[0].target must be + and 7 to 15 digits',
      'actions[0].option.destinations[1].target must be user@domain',
      'actions[0].option.destinations[2].target must be user@domain',
      'actions[0].option.destinations[3].target must be user@domain',
      'actions[0].option.destinations[4].target must be the UUID of an agent',
      'actions[0].option.destinations[5].target_name must be an extension',
    ],
  ],
  [
    'a format of recordings that is not made',
    [{ type: 'recording_start', option: { format: 'ogg' } }],
    ['actions[0].option.format must be one of , wav, mp3'],
  ],
  [
    'a key that cannot end a recording',
    [{ type: 'recording_start', option: { end_of_key: '5', duration: -1 } }],
    ['actions[0].option.end_of_key must be one of , none, any, *, #', 'actions[0].option.duration must be >= 0'],
  ],
  ['an option that is no object', [{ type: 'talk', option: [] }], ['actions[0].option must be an object']],
]
for (const [what, actions, expected] of refused)
  test(`${what} is refused at its place`, () => assert.deepEqual(places(actions), expected))

test('all faults are told at once, each with its pointer', () => {
  const { faults } = check([
    { type: 'sleep', option: { duration: -1 } },
    { type: 'dance' },
    { type: 'branch', option: { target_ids: { 'a/b': 'x' } } },
  ])
  assert.deepEqual(
    faults.map(({ pointer }) => pointer),
    ['/actions/0/option/duration', '/actions/1/type', '/actions/2/option/target_ids/a~1b'],
  )
})

test('actions inside an option are a list of their own', () => {
  const { actions, faults } = check([
    { id: 'outer', type: 'stop' },
    {
      type: 'call',
      option: { destinations, actions: [{ id: 'in', type: 'goto', option: { target_id: 'outer' } }, { type: 'x' }] },
    },
  ])
  assert.deepEqual(
    faults.map(({ field, issue }) => `${field} ${issue}`),
    [
      'actions[1].option.actions[0].option.target_id names no action of this list',
      'actions[1].option.actions[1].type is no type of action',
    ],
  )
  const nested = actions[1]?.option?.actions as { id: string }[]
  assert.ok(nested.every(({ id }) => isUuid(id)))
})

test('placeholders are judged when they have been replaced', () => {
  assert.deepEqual(
    places([
      { type: 'goto', option: { target_id: '${next}' } },
      { type: 'fetch_flow', option: { flow_id: '${flow}' } },
      { type: 'webhook_send', option: { uri: '${uri}', method: '${method}' } },
      { type: 'talk', option: { text: '${text}', digits_handle: '${handle}' } },
      { type: 'digits_send', option: { digits: '${digits}' } },
      {
        type: 'connect',
        option: {
          destinations: [
            { type: 'tel', target: '${callee}' },
            { type: '${type}', target: 'x' },
          ],
          anonymous: '${hide}',
        },
      },
      { type: 'recording_start', option: { format: '${format}', end_of_key: '${key}', on_end_flow_id: '${flow}' } },
    ]),
    [],
  )
})

test('destinations of every type that can be called are taken, in every form of theirs', () => {
  const list = [
    { type: 'tel', target: '+49 (30) 123-456' },
    { type: 'sip', target: 'alice@example.com;transport=tcp' },
    { type: 'sip', target: 'sip:alice@example.com:5070' },
    { type: 'extension', target_name: '1001' },
    { type: 'extension', target: uuid(1) },
    { type: 'agent', target: uuid(2), name: 'Bob' },
  ]
  assert.deepEqual(places([{ type: 'connect', option: { source: { type: 'tel' }, destinations: list } }]), [])
})

test('an escaped placeholder is plain text, and judged as such', () => {
  assert.equal(places([{ type: 'goto', option: { target_id: '$${next}' } }]).length, 1)
})

test('the flows that are named are found, wherever they are', () => {
  const { flows } = check([
    { type: 'fetch_flow', option: { flow_id: uuid(1) } },
    {
      type: 'call',
      option: { destinations, actions: [{ type: 'fetch_flow', option: { flow_id: uuid(2).toUpperCase() } }] },
    },
    { type: 'recording_start', option: { on_end_flow_id: NIL_UUID } },
  ])
  assert.deepEqual(flows, [
    { path: ['actions', 0, 'option', 'flow_id'], flow_id: uuid(1) },
    { path: ['actions', 1, 'option', 'actions', 0, 'option', 'flow_id'], flow_id: uuid(2) },
  ])
})

test('the value of anonymous has a kind of its own', () => {
  const [fault] = check([{ type: 'connect', option: { destinations, anonymous: 'maybe' } }]).faults
  assert.equal(fault?.kind, 'anonymous')
  for (const anonymous of ['', 'yes', 'no', 'auto'])
    assert.deepEqual(places([{ type: 'call', option: { destinations, anonymous } }]), [])
})

test('every one of the 43 types is accepted', () => {
  assert.equal(ACTION_TYPES.length, 43)
  const needed: Record<string, object> = {
    webhook_send: { uri: 'https://example.com' },
    play: { stream_urls: ['https://example.com/a.wav'] },
    condition_variable: { condition: '==', value_type: 'string' },
    condition_datetime: { condition: '==' },
    call: { destinations },
    connect: { destinations },
    goto: { target_id: 'first' },
    fetch: { event_url: 'https://example.com' },
    fetch_flow: { flow_id: uuid(9) },
    confbridge_join: { confbridge_id: uuid(9) },
    conference_join: { conference_id: uuid(9) },
    conversation_send: { conversation_id: uuid(9) },
    external_media_start: { external_host: 'example.com:4000' },
    queue_join: { queue_id: uuid(9) },
    ai_talk: { assistance_id: uuid(9) },
    ai_task: { ai_id: uuid(9) },
    email_send: { destinations: [{ type: 'email', target: 'a@example.com' }] },
    message_send: { destinations: [{ type: 'tel', target: '+49301234567' }] },
  }
  assert.deepEqual(
    places(ACTION_TYPES.map((type, at) => ({ type, id: at === 0 ? 'first' : '', option: needed[type] ?? {} }))),
    [],
  )
})

test('a list of wrong actions is judged in a moment', () => {
  const actions = Array.from({ length: 1_000 }, () => ({
    type: 'branch',
    option: { target_ids: { '1': 'x', '2': 'y' } },
  }))
  const startedMs = performance.now()
  assert.equal(check(actions).faults.length, 1_000)
  assert.ok(performance.now() - startedMs < 2_000)
})

test('a thousand actions are the most, those inside options counted', () => {
  const beeps = (count: number) => Array.from({ length: count }, () => ({ type: 'beep' }))
  const call = (count: number) => ({ type: 'call', option: { destinations, actions: beeps(count) } })
  assert.deepEqual(places(beeps(1_000)), [])
  assert.deepEqual(places(beeps(10_000)), ['actions has too many actions: a flow has at most 1000'])
  assert.deepEqual(places([call(499), call(499)]), [])
  assert.deepEqual(places([call(499), call(500)]), [
    'actions[1].option.actions has too many actions: a flow has at most 1000',
  ])
})

test('lists inside lists are read ten deep', () => {
  const nest = (deep: number): object[] =>
    deep === 1 ? [{ type: 'beep' }] : [{ type: 'call', option: { destinations, actions: nest(deep - 1) } }]
  assert.deepEqual(places(nest(10)), [])
  assert.equal(places(nest(11))[0]?.endsWith('is a list inside more than 9 others'), true)
})

test('a circle of jumps that nothing ends is refused; one that counts, waits or decides is not', () => {
  const goto = (id: string, target_id: string, loop_count?: number) => ({
    id,
    type: 'goto',
    option: { target_id, ...(loop_count === undefined ? {} : { loop_count }) },
  })
  assert.deepEqual(places([goto('a', 'a')]), [
    'actions[0].option.target_id leads into a circle of jumps that nothing ends',
  ])
  assert.equal(places([goto('a', 'b'), goto('b', 'c'), goto('c', 'b')]).length, 3)
  assert.deepEqual(places([goto('a', 'a', 3)]), [])
  assert.deepEqual(places([{ id: 'a', type: 'beep' }, goto('b', 'a')]), [])
})
