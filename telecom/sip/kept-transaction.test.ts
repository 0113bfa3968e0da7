import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ackOf, answered, type Test, testStack, text } from './test-stack.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What the test itself holds of calls and requests goes; gives the way to look whether the first one's message is gone too. */
function letGo(at: Test): () => boolean {
  const request = at.calls[0]?.request ?? at.requests[0]?.request
  assert.ok(request)
  const held = new WeakRef(request)
  at.calls.length = 0
  at.requests.length = 0
  return () => held.deref() === undefined
}

async function isGone(look: () => boolean): Promise<boolean> {
  for (let round = 0; round < 5 && !look(); round++) {
    await turn() // a WeakRef that was read holds until the turn is over
    collect()
  }
  return look()
}

test('the INVITE of a call that is over is not kept for the half minute in which it is absorbed', async (t) => {
  const at = await testStack(t)
  const branch = 'z9hG4bKover'
  const { ok } = await answered(at, { branch })
  await at.phone.send(text(at.phone, 'BYE', { cseq: 2, toTag: ok.toTag }))
  await at.phone.response(200)
  assert.equal(await isGone(letGo(at)), true)
  assert.equal(at.stack.counters.server_transactions, 2)
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', branch }))
  await at.phone.send(ackOf(at.phone, ok, { branch }))
  await at.phone.send(text(at.phone, 'OPTIONS', { callId: 'later' }))
  assert.equal((await at.phone.response(200)).callId, 'later')
  assert.equal(at.calls.length, 0, 'the repeated INVITE began no call')
})

test('a request that was answered is not kept; a repetition gets the same answer', async (t) => {
  const at = await testStack(t)
  const register = text(at.phone, 'REGISTER', { branch: 'z9hG4bKagain', callId: 'r1' })
  await at.phone.send(register)
  while (at.requests.length === 0) await turn()
  at.requests[0]?.respond(403)
  const first = await at.phone.response(403)
  assert.equal(await isGone(letGo(at)), true)
  await at.phone.send(register)
  const second = await at.phone.response(403)
  assert.equal(second.toTag, first.toTag)
  assert.equal(at.requests.length, 0)
})
