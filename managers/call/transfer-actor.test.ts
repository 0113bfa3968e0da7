import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import type { AttemptEvent } from './attempt.ts'
import { newTransfer, type TransferType } from './transfer.ts'
import { TransferActor, type TransferEffect, type TransferInput } from './transfer-actor.ts'

/** A transfer that has begun, with everything that it wants done as words. */
function begun(type: TransferType, isAskedByPhone = false) {
  const transfer = newTransfer({
    ...{ id: 't', customer_id: 'c', type, transferer_call_id: 'bob', groupcall_id: NIL_UUID },
    transferee_addresses: [],
    tm_create: '2026-01-01T00:00:00.000000Z',
  })
  const actor = new TransferActor(transfer, { now: () => '2026-01-01T00:00:01.000000Z', isAskedByPhone })
  const first = actor.begin().map(word)
  const take = (input: TransferInput) => actor.on(input).map(word)
  const hear = (event: AttemptEvent) => take({ type: 'attempt', event })
  const answers = (call_id = 'carol') => hear({ type: 'answered', call_id })
  const ends = (cause = 17) => hear({ type: 'ended', hangup_reason: 'busy', cause })
  return { actor, first, take, hear, answers, ends, record: () => actor.transfer }
}

function word(effect: TransferEffect): string {
  switch (effect.do) {
    case 'save':
      return effect.events.join()
    case 'lend':
      return `${effect.leg} hears ${effect.hears}`
    case 'tell':
      return `tell ${effect.status}`
    case 'consult':
    case 'hand_over':
      return `${effect.do} ${effect.call_id}`
    default:
      return effect.do
  }
}

const GONE: TransferInput = { type: 'transferer_gone' }
const LEFT: TransferInput = { type: 'remaining_gone' }

test('blind: the transferer goes at once, and who answers takes the one who hears ringing', () => {
  const { first, take, hear, answers, record } = begun('blind')
  assert.deepEqual(first, ['transfer_created', 'remaining hears ringback', 'hangup_transferer'])
  assert.deepEqual(take(GONE), [])
  assert.deepEqual(hear({ type: 'ringing' }), [], 'nobody waits to hear of it')
  assert.deepEqual(answers(), ['win', 'transfer_completed', 'hand_over carol', 'release'])
  assert.deepEqual([record().status, record().transferee_call_id], ['completed', 'carol'])
})

test('blind, unanswered: the transferer is called back, and its answer takes the other one', () => {
  const { take, ends, answers, record } = begun('blind')
  take(GONE)
  assert.deepEqual(ends(), ['transfer_failed', 'recall'])
  assert.deepEqual(answers('bob again'), ['win', 'hand_over bob again', 'release'])
  assert.deepEqual([record().status, record().transferee_call_id], ['failed', NIL_UUID])
})

for (const [what, input] of [
  ['it does not answer either', { type: 'attempt', event: { type: 'ended', hangup_reason: 'busy', cause: 17 } }],
  ['it cannot be called', { type: 'no_recall' }],
] as const)
  test(`blind, unanswered, and the transferer is called back in vain (${what}): the other one is left`, () => {
    const { take, ends } = begun('blind')
    take(GONE)
    ends()
    assert.deepEqual(take(input), ['abandon', 'release'])
  })

test('blind, refused while the leg of the transferer is still ending: it is called back all the same', () => {
  const { ends, take, answers } = begun('blind')
  assert.deepEqual(ends(), ['transfer_failed', 'recall'])
  assert.deepEqual(take(GONE), [], 'its end changes nothing')
  assert.deepEqual(answers('bob again'), ['win', 'hand_over bob again', 'release'])
})

test('blind, and what comes before the leg of the transferer has ended: it is not ended twice, nor given anything back', () => {
  assert.deepEqual(begun('blind').answers(), ['win', 'transfer_completed', 'hand_over carol', 'release'])
  assert.deepEqual(begun('blind').take(LEFT), ['transfer_failed', 'end_attempt', 'release'])
})

test('a phone that asked waits in silence, hears of ringing once, and then how it ends', () => {
  const answered = begun('blind', true)
  assert.deepEqual(answered.first, ['transfer_created', 'remaining hears ringback', 'transferer hears silence'])
  assert.deepEqual(answered.hear({ type: 'ringing' }), ['tell 180'])
  assert.deepEqual(answered.hear({ type: 'early_media', call_id: 'carol' }), [])
  assert.deepEqual(answered.answers(), [
    ...['win', 'transfer_completed', 'hand_over carol', 'tell 200'],
    ...['hangup_transferer', 'release'],
  ])
  for (const [cause, status] of [
    [17, 486],
    [0, 480],
    [1, 404],
  ] as const)
    assert.deepEqual(begun('blind', true).ends(cause), ['transfer_failed', 'give_back', `tell ${status}`, 'release'])
})

test('attended: music until the transferer hangs up after its talk, which hands over', () => {
  const { first, take, answers, record } = begun('attended')
  assert.deepEqual(first, ['transfer_created', 'remaining hears music', 'transferer hears ringback'])
  assert.deepEqual(answers(), ['win', 'consult carol'])
  assert.equal(record().transferee_call_id, NIL_UUID)
  assert.deepEqual(take(GONE), ['transfer_completed', 'hand_over carol', 'release'])
  assert.equal(record().transferee_call_id, 'carol')
})

test('attended, and nobody answers or who answered leaves: back to the old conversation', () => {
  assert.deepEqual(begun('attended').ends(), ['transfer_failed', 'give_back', 'release'])
  const consulting = begun('attended')
  consulting.answers()
  assert.deepEqual(consulting.ends(16), ['transfer_failed', 'give_back', 'release'])
})

test('attended, and the transferer leaves before an answer: nobody is called any more, the other one is left', () => {
  const { take, answers } = begun('attended')
  assert.deepEqual(take(GONE), ['transfer_failed', 'end_attempt', 'abandon', 'release'])
  assert.deepEqual(answers(), [], 'an answer comes too late')
})

test('the one who remains leaves: whoever is called ends, in every state', () => {
  const ringing = begun('attended')
  assert.deepEqual(ringing.take(LEFT), ['transfer_failed', 'end_attempt', 'give_back', 'release'])
  const consulting = begun('attended')
  consulting.answers()
  assert.deepEqual(consulting.take(LEFT), ['transfer_failed', 'end_attempt', 'give_back', 'release'])
  const blind = begun('blind')
  blind.take(GONE)
  assert.deepEqual(blind.take(LEFT), ['transfer_failed', 'end_attempt', 'release'])
  const recalling = begun('blind')
  recalling.take(GONE)
  recalling.ends()
  assert.deepEqual(recalling.take(LEFT), ['end_attempt', 'release'], 'it has failed already')
  const asked = begun('blind', true)
  assert.deepEqual(asked.take(LEFT), ['transfer_failed', 'end_attempt', 'give_back', 'tell 487', 'release'])
})

test('nothing that comes afterwards changes anything', () => {
  const { take, answers, ends, record } = begun('blind')
  answers()
  const done = record()
  for (const effects of [ends(), answers('dave'), take(GONE), take(LEFT), take({ type: 'no_recall' })])
    assert.deepEqual(effects, [])
  assert.equal(record(), done)
})
