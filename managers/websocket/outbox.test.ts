import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from './outbox.ts'

/** A socket that the network empties when the test says so. */
function setUp(limits: { messages?: number; bytes?: number; totalBytes?: number } = {}, backlog = { bytes: 0 }) {
  const taken: string[] = []
  const pending: { message: Buffer; sent: () => void }[] = []
  let nowMs = 0
  const wire = {
    get bufferedAmount() {
      return pending.reduce((sum, { message }) => sum + message.length, 0)
    },
    send(message: Buffer, _: { binary: boolean }, sent: () => void) {
      pending.push({ message, sent })
    },
  }
  const outbox = new Outbox(wire, { messages: 2_000, bytes: 1e9, totalBytes: 1e9, ...limits }, backlog, () => nowMs)
  return {
    ...{ outbox, taken, backlog },
    at: (ms: number) => {
      nowMs = ms
    },
    push: (name: string, bytes: number, sequence?: number) =>
      outbox.push({ bytes: Buffer.alloc(bytes, name), ...(sequence === undefined ? {} : { sequence }) }),
    take: (count = 1) => {
      for (const { message, sent } of pending.splice(0, count)) {
        taken.push(String.fromCharCode(message[0] ?? 0))
        sent()
      }
    },
    held: () => pending.length,
  }
}

test('the socket itself holds little, the rest follows in order as the network takes it', () => {
  const { push, take, taken, held, backlog, outbox } = setUp()
  for (const name of 'abcdef') assert.ok(push(name, 40_000))
  assert.deepEqual([held(), backlog.bytes], [2, 160_000])
  for (let at = 0; at < 6; at++) take()
  assert.equal(taken.join(''), 'abcdef')
  assert.deepEqual([backlog.bytes, outbox.drained()], [0, undefined])
})

test('so many messages may wait and no more, those in the socket included', () => {
  const { push, take } = setUp({ messages: 5 })
  for (const name of 'abcde') assert.ok(push(name, 40_000))
  assert.equal(push('f', 1), false)
  take()
  assert.ok(push('g', 1))
})

test('so many bytes may wait, of one and of all together, and what is closed counts no more', () => {
  const one = setUp({ bytes: 100_000, totalBytes: 150_000 })
  const two = setUp({ bytes: 100_000, totalBytes: 150_000 }, one.backlog)
  for (const { push } of [one, two]) push('a', 70_000)
  assert.ok(one.push('b', 100_000))
  assert.equal(one.push('c', 1), false)
  assert.equal(two.push('b', 60_000), false)
  one.outbox.close()
  assert.equal(one.backlog.bytes, 0)
  assert.ok(two.push('b', 60_000))
})

test('it knows the last event that the socket was given, and since when nothing has left', () => {
  const { push, take, at, outbox } = setUp()
  assert.equal(outbox.stuckSinceMs, undefined)
  at(10)
  push('a', 70_000, 7)
  push('ack', 10)
  push('b', 10, 8)
  assert.deepEqual([outbox.sentThrough, outbox.stuckSinceMs], [7, 10])
  at(20)
  take()
  assert.deepEqual([outbox.sentThrough, outbox.stuckSinceMs], [8, 20])
  take(2)
  assert.equal(outbox.stuckSinceMs, undefined)
})

test('who waits for it to be empty is told when it is, or when it is closed', async () => {
  const { push, take, outbox } = setUp()
  push('a', 70_000)
  push('b', 10)
  const emptied = outbox.drained()
  assert.ok(emptied)
  take(2)
  await emptied
  push('c', 70_000)
  push('d', 10)
  const closed = outbox.drained()
  outbox.close()
  await closed
})
