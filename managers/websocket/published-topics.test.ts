import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublicEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { publishedTopics } from './published-topics.ts'

const CUSTOMER = '5e0a1111-2222-4333-8444-555566667777'
const ID = 'a1b2c3d4-e5f6-4890-8bcd-ef1234567890'
const OTHER = 'b1b2c3d4-e5f6-4890-8bcd-ef1234567890'

function topicsOf(type: string, data: Record<string, unknown>): string[] {
  const event: PublicEvent = { sequence: 1, id: OTHER, type, resource: 'x', resource_id: ID, tm_create: '', data }
  return publishedTopics(CUSTOMER, event)
}

test('an event is published under its resource and under its service, of the customer', () => {
  for (const [type, older, newer] of [
    ['call_hangup', 'call', 'call:call_hangup'],
    ['queuecall_waiting', 'queuecall', 'queue:queuecall_waiting'],
    ['conversation_message_created', 'conversation', 'conversation:conversation_message_created'],
    ['transcribe_speech_ended', 'transcribe', 'transcribe:transcribe_speech_ended'],
    ['activeflow_updated', 'activeflow', 'flow:activeflow_updated'],
    ['account_created', 'account', 'conversation:account_created'],
    ['recording_started', 'recording', 'call:recording_started'],
  ] as const)
    assert.deepEqual(topicsOf(type, { id: ID, owner_id: NIL_UUID }), [
      `customer_id:${CUSTOMER}:${older}:${ID}`,
      `customer_id:${CUSTOMER}:${newer}:${ID}`,
    ])
})

test('and of the agent who owns the resource', () => {
  assert.deepEqual(topicsOf('call_hangup', { id: ID, owner_id: OTHER }), [
    `customer_id:${CUSTOMER}:call:${ID}`,
    `customer_id:${CUSTOMER}:call:call_hangup:${ID}`,
    `agent_id:${OTHER}:call:${ID}`,
    `agent_id:${OTHER}:call:call_hangup:${ID}`,
  ])
})

test('messages of an AI call, of a chat and of a web chat are published under what they belong to', () => {
  const older = (type: string, data: Record<string, unknown>) => topicsOf(type, data)[0]?.split(':').slice(2).join(':')
  assert.equal(older('aimessage_created', { id: ID, aicall_id: OTHER }), `aicall:${OTHER}`)
  assert.equal(older('chatmessage_created', { id: ID, chat_id: OTHER }), `chat:${OTHER}`)
  assert.equal(older('chat_created', { id: ID }), `chat:${ID}`)
  assert.equal(older('webchat_message_created', { id: ID, session_id: OTHER }), `webchat_session:${OTHER}`)
  assert.equal(older('webchat_session_ended', { id: ID }), `webchat_session:${ID}`)
})

test('a payload without a readable id is published under the id of its resource', () => {
  assert.equal(topicsOf('call_hangup', { id: 7, owner_id: 'nobody' }).length, 2)
  assert.equal(topicsOf('call_hangup', {})[0], `customer_id:${CUSTOMER}:call:${ID}`)
})
