import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Identity, Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { customerOf, parseTopic } from './topic.ts'

const MINE = '5e0a1111-2222-4333-8444-555566667777'
const THEIRS = '6e0a1111-2222-4333-8444-555566667777'
const ME = 'a1b2c3d4-e5f6-4890-8bcd-ef1234567890'
const COLLEAGUE = 'b1b2c3d4-e5f6-4890-8bcd-ef1234567890'
const STRANGER = 'c1b2c3d4-e5f6-4890-8bcd-ef1234567890'
const NOBODY = 'd1b2c3d4-e5f6-4890-8bcd-ef1234567890'

test('both published forms are topics, with a star, a colon or nothing at the end, in any case', () => {
  const prefixOf = (text: string) => parseTopic(text)?.prefix
  for (const text of [
    `customer_id:${MINE}`,
    `customer_id:${MINE}:`,
    `customer_id:${MINE}:call`,
    `customer_id:${MINE}:call:${ME}`,
    `agent_id:${ME}:talk:chat_created:${ME}`,
    `customer_id:${MINE}:call.outbound`,
  ])
    assert.equal(prefixOf(text), text)
  assert.equal(prefixOf(`customer_id:${MINE}:call:*`), `customer_id:${MINE}:call:`)
  assert.equal(prefixOf(`customer_id:${MINE}:*`), `customer_id:${MINE}:`)
  assert.equal(prefixOf(`CUSTOMER_ID:${MINE.toUpperCase()}:Call`), `customer_id:${MINE}:call`)
})

test('anything else is none', () => {
  const long = `customer_id:${MINE}:${'a'.repeat(250)}`
  const rest = [
    `customer_id:${MINE.slice(1)}`,
    `customer_id:${MINE}x`,
    `customer_id:*`,
    `x:${MINE}`,
    `agent_id`,
    '*',
    '',
  ]
  for (const text of [
    ...rest,
    long,
    `customer_id:${MINE}:a:b:c:d`,
    `customer_id:${MINE}::a`,
    `customer_id:${MINE}:*:a`,
  ])
    assert.equal(parseTopic(text), undefined, text)
})

test('who may have which topic, and whose events it is held against', () => {
  const caller = (kind: Identity['kind'], permission: number, agent_id = ME): Identity => ({
    ...{ kind, permission, agent_id },
    customer_id: MINE,
  })
  const owners = new Map([
    [COLLEAGUE, MINE],
    [STRANGER, THEIRS],
  ])
  const topics = [
    `customer_id:${MINE}:call`,
    `customer_id:${THEIRS}:call`,
    ...[ME, COLLEAGUE, STRANGER, NOBODY].map((id) => `agent_id:${id}:`),
  ].map(parseTopic)
  const held = (identity: Identity) => topics.map((topic) => topic && customerOf(topic, identity, owners))
  const no = undefined
  const { CustomerAdmin, CustomerAgent, CustomerManager, ProjectSuperAdmin } = Permission
  assert.deepEqual(held(caller('agent', ProjectSuperAdmin)), [MINE, THEIRS, MINE, MINE, THEIRS, MINE])
  for (const permission of [CustomerAdmin, CustomerManager])
    assert.deepEqual(held(caller('agent', permission)), [MINE, no, MINE, MINE, no, no])
  assert.deepEqual(held(caller('accesskey', CustomerAdmin, NIL_UUID)), [MINE, no, no, MINE, no, no])
  for (const permission of [CustomerAgent, 0])
    assert.deepEqual(held(caller('agent', permission)), [no, no, MINE, no, no, no])
})

test('a visitor has single things of the kinds that its token is for, and no beginning of an id', () => {
  const visitor: Identity = {
    ...{ kind: 'direct', customer_id: MINE, agent_id: NIL_UUID, permission: 0 },
    direct: { resource_type: 'ai', resource_id: COLLEAGUE, allowed_resource_types: ['aicall'] },
  }
  const held = (text: string) => {
    const topic = parseTopic(text)
    return topic && customerOf(topic, visitor, new Map())
  }
  assert.equal(held(`customer_id:${MINE}:aicall:${ME}`), MINE)
  assert.equal(held(`customer_id:${MINE}:aicall:${ME}:*`), MINE)
  for (const text of [
    `customer_id:${MINE}`,
    `customer_id:${MINE}:aicall`,
    `customer_id:${MINE}:aicall:*`,
    `customer_id:${MINE}:aicall:${ME.slice(0, 8)}`,
    `customer_id:${MINE}:aicall:aicall_created:${ME}`,
    `customer_id:${MINE}:call:${ME}`,
    `customer_id:${THEIRS}:aicall:${ME}`,
    `agent_id:${ME}:aicall:${ME}`,
  ])
    assert.equal(held(text), undefined, text)
})
