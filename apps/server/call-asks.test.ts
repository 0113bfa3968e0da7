import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callErrors } from '#managers/call/errors'
import { AddressGuard } from '#platform/outbound'
import { type CallAsksNeeds, callAsks } from './call-asks.ts'

const muteOf = (control: ReturnType<CallAsksNeeds['live']>['control']) =>
  callAsks({
    live: () => ({ control, stream: async () => {} }),
    reachable: new AddressGuard(),
    resolve: async () => [],
  }).mute

const asked = {
  action: 'mute',
  options: {},
  activeflow_id: '10000000-0000-4000-8000-000000000001',
  reference_type: 'call',
  reference_id: '10000000-0000-4000-8000-000000000002',
} as const

test('the action mute mutes the call of its flow in both directions, under the key of the step', async () => {
  const controlled: unknown[] = []
  const mute = muteOf(async (...what) => void controlled.push(what))
  assert.deepEqual(await mute?.('alice', asked, 'a:1'), { ok: true })
  assert.deepEqual(controlled, [['alice', asked.reference_id, { type: 'mute', on: true, direction: 'both' }, 'a:1']])
})

test('a call that is gone refuses it with its reason', async () => {
  const gone = async () => {
    throw callErrors.CALL_NOT_FOUND({ call_id: asked.reference_id })
  }
  const mute = muteOf(gone)
  await assert.rejects(async () => mute?.('alice', asked, 'a:1'), callErrors.CALL_NOT_FOUND.is)
})
