import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import type { AttemptEvent } from './attempt.ts'
import { newGroupcall } from './groupcall.ts'
import { GroupcallActor, type GroupcallEffect, type GroupcallInput, type Member } from './groupcall-actor.ts'

const call = (id: string, place: number): Member => ({ id, kind: 'call', place })
const group = (id: string, place: number): Member => ({ id, kind: 'groupcall', place })

function ringing(members: Member[], ring_method: 'ring_all' | 'linear' = 'ring_all', places = members.length) {
  const groupcall = newGroupcall({
    id: 'g',
    customer_id: 'c',
    owner_id: NIL_UUID,
    flow_id: NIL_UUID,
    source: {},
    destinations: [],
    master_call_id: NIL_UUID,
    master_groupcall_id: NIL_UUID,
    ring_method,
    tm_create: '2026-01-01T00:00:00.000000Z',
  })
  const actor = new GroupcallActor(groupcall, { now: () => '2026-01-01T00:00:01.000000Z', places })
  const events: string[] = []
  const reported: AttemptEvent[] = []
  const done: string[] = []
  const run = (effects: GroupcallEffect[]) => {
    for (const effect of effects) {
      if (effect.do === 'save') events.push(...effect.events)
      else if (effect.do === 'report') reported.push(effect.event)
      else
        done.push('id' in effect ? `${effect.do} ${effect.id}` : `${effect.do}${'from' in effect ? effect.from : ''}`)
    }
  }
  run(actor.begin(members))
  const take = (input: GroupcallInput) => run(actor.on(input))
  const tell = (id: string, event: AttemptEvent) => take({ type: 'member', id, event })
  const answers = (id: string, call_id = id) => tell(id, { type: 'answered', call_id })
  const ends = (id: string, hangup_reason: 'busy' | 'normal' | 'cancel' | 'failed' = 'busy', cause = 17) =>
    tell(id, { type: 'ended', hangup_reason, cause })
  return { actor, events, reported, done, take, tell, answers, ends, record: () => actor.groupcall }
}

test('all ring at once; the first answer wins, and the others end', () => {
  const { record, events, reported, done, tell, answers } = ringing([call('a', 0), call('b', 1), call('c', 2)])
  assert.deepEqual([record().call_ids, record().call_count], [['a', 'b', 'c'], 3])
  tell('b', { type: 'ringing' })
  answers('b')
  assert.deepEqual(done, ['end_member a', 'end_member c'])
  assert.deepEqual(reported, [{ type: 'ringing' }, { type: 'answered', call_id: 'b' }])
  assert.deepEqual(events, ['groupcall_created', 'groupcall_progressing'])
  assert.deepEqual([record().status, record().answer_call_id], ['progressing', 'b'])
})

test('a second answer comes too late: that member ends', () => {
  const { done, answers, record } = ringing([call('a', 0), call('b', 1)])
  answers('a')
  answers('b')
  assert.deepEqual(done, ['end_member b', 'end_member b'])
  assert.equal(record().answer_call_id, 'a')
})

test('the counts are of those alive; it is over when there is nobody left', () => {
  const { record, events, ends, done, reported } = ringing([call('a', 0), group('n', 1)])
  assert.deepEqual([record().call_count, record().groupcall_count], [1, 1])
  ends('n')
  assert.deepEqual([record().call_count, record().groupcall_count, record().status], [1, 0, 'progressing'])
  ends('a')
  assert.deepEqual([record().call_count, record().status], [0, 'hangup'])
  assert.deepEqual(events, ['groupcall_created', 'groupcall_hangup'])
  assert.deepEqual(done, ['release'])
  assert.deepEqual(reported, [{ type: 'ended', hangup_reason: 'busy', cause: 17 }])
})

test('why nobody answered is told by the first member that was heard of, not by a phone that has gone away', () => {
  const { ends, reported } = ringing([call('gone', 0), call('busy', 1)])
  ends('busy', 'busy', 17)
  ends('gone', 'failed', 18)
  assert.deepEqual(reported, [{ type: 'ended', hangup_reason: 'busy', cause: 17 }])
})

test('when the one who answered goes, it is over for who called at once; the record waits for those still ending', () => {
  const { answers, ends, reported, record } = ringing([call('a', 0), call('slow', 1)])
  answers('a')
  ends('a', 'normal', 16)
  assert.deepEqual(reported.at(-1), { type: 'ended', hangup_reason: 'normal', cause: 16 })
  assert.equal(record().status, 'hangingup')
  ends('slow', 'cancel', 16)
  assert.equal(record().status, 'hangup')
  assert.equal(reported.length, 2)
})

test('a nested answer is reported up with the call that answered, and the group it is in is kept', () => {
  const { answers, record, reported, take, done } = ringing([group('n', 0), call('b', 1)])
  answers('n', 'leg')
  assert.deepEqual([record().answer_groupcall_id, record().answer_call_id], ['n', NIL_UUID])
  assert.deepEqual(reported, [{ type: 'answered', call_id: 'leg' }])
  take({ type: 'win' })
  assert.deepEqual(done, ['end_member b', 'win_member n'])
})

test('a hangup ends every member, and an answer that crosses it ends too', () => {
  const { take, done, answers, ends, record } = ringing([call('a', 0), call('b', 1)])
  take({ type: 'hangup' })
  assert.equal(record().status, 'hangingup')
  answers('a')
  assert.deepEqual(done, ['end_member a', 'end_member b', 'end_member a'])
  ends('a', 'normal', 16)
  ends('b', 'cancel', 16)
  assert.equal(record().status, 'hangup')
})

test('one after the other: the next is called when the one before has ended', () => {
  const { ends, done, take, record, answers } = ringing([call('a', 0)], 'linear', 3)
  ends('a')
  assert.deepEqual(done, ['call_next1'])
  assert.equal(record().status, 'progressing')
  take({ type: 'next', member: call('c', 2) })
  assert.deepEqual([record().dial_index, record().call_ids, record().call_count], [2, ['a', 'c'], 1])
  answers('c')
  assert.equal(record().answer_call_id, 'c')
})

test('one after the other: it is over when nobody is left to call', () => {
  const { ends, take, record, done } = ringing([call('a', 0)], 'linear', 2)
  ends('a')
  take({ type: 'no_next' })
  assert.equal(record().status, 'hangup')
  assert.deepEqual(done, ['call_next1', 'release'])
})

test('a hangup while the next one is looked up calls nobody any more', () => {
  const { ends, take, record, done } = ringing([call('a', 0)], 'linear', 2)
  ends('a')
  take({ type: 'hangup' })
  take({ type: 'next', member: call('b', 1) })
  assert.deepEqual(done, ['call_next1', 'end_member b'])
  ends('b', 'cancel', 16)
  assert.equal(record().status, 'hangup')
})
