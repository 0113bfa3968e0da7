import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ackOf, type Parts, type Test, testStack, text } from './test-stack.ts'
import { until } from './udp-peer.ts'

/** A call that we have answered, and whose ACK has not come. */
async function unacknowledged(t: Parameters<typeof testStack>[0], parts: Parts = {}) {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKfirst', ...parts }))
  await at.phone.response(100)
  const call = await at.lastCall()
  const dialog = call.accept({ sdp: 'ours', user: at.dialogUser })
  assert.ok(dialog)
  const ok = await at.phone.response(200)
  return { at, dialog, ok }
}

const refused = async (at: Test, method: string, parts: Parts, status: number) => {
  await at.phone.send(text(at.phone, method, parts))
  assert.equal((await at.phone.response(status)).cseq.method, method)
}

for (const [what, parts] of [
  ['offered the session', { body: 'offer' }],
  ['left the offer to us', {}],
] as const)
  test(`a re-INVITE that overtakes the ACK gets 491 and changes nothing, where the caller ${what} (RFC 5407)`, async (t) => {
    const { at, dialog, ok } = await unacknowledged(t, parts)
    const before = { ...dialog.state, remote_cseq: 2 }
    await refused(at, 'INVITE', { cseq: 2, toTag: ok.toTag, body: 'moved', branch: 'z9hG4bKsecond' }, 491)
    assert.deepEqual([at.changes.length, dialog.state], [0, before])
    // the ACK counts although its CSeq is lower than that of the INVITE which was refused
    at.clock.advance(500)
    await at.phone.response(200)
    await at.phone.send(ackOf(at.phone, ok, 'body' in parts ? {} : { body: 'their answer' }))
    await until('the ACK counts', () => at.events.includes('acked'))
    await at.phone.send(text(at.phone, 'INVITE', { cseq: 3, toTag: ok.toTag, body: 'moved' }))
    await until('the next one is heard', () => at.changes.length === 1)
    at.changes[0]?.accept({ sdp: 'held' })
    const held = await at.phone.response(200)
    await refused(at, 'INVITE', { cseq: 4, toTag: ok.toTag, body: 'back' }, 491)
    await at.phone.send(ackOf(at.phone, held))
    assert.equal(dialog.ended, false)
  })

test('an UPDATE with an offer gets 491 as long as the ACK has to bring the answer to ours, and passes otherwise', async (t) => {
  const { at, dialog, ok } = await unacknowledged(t)
  await refused(at, 'UPDATE', { cseq: 2, toTag: ok.toTag, body: 'theirs' }, 491)
  const outcomes: string[] = []
  dialog.update('ours again', {}, ({ type }) => outcomes.push(type))
  await until('nor do we offer', () => outcomes.length === 1)
  assert.deepEqual(outcomes, ['local glare'])
  const other = await unacknowledged(t, { body: 'offer' })
  await other.at.phone.send(text(other.at.phone, 'UPDATE', { cseq: 2, toTag: other.ok.toTag, body: 'theirs' }))
  await until('it is heard', () => other.at.changes.length === 1)
})

test('an INVITE that comes while our 200 waits for a PRACK shall come again: 500 with Retry-After (RFC 3261 §14.2)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', extra: ['Supported: 100rel'] }))
  await at.phone.response(100)
  const call = await at.lastCall()
  call.progress(183, { sdp: 'answer' })
  const early = await at.phone.response(183)
  const dialog = call.accept({ user: at.dialogUser })
  assert.ok(dialog)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 2, toTag: early.toTag, body: 'moved' }))
  const refusal = await at.phone.response(500)
  const seconds = Number(refusal.headers.get('retry-after'))
  assert.ok(seconds >= 0 && seconds <= 10)
  assert.equal(at.changes.length, 0)
})
