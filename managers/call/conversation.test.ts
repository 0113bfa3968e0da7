import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallEffect } from './call-effect.ts'
import { Conversation, type PeerInput } from './conversation.ts'

/** Two legs, each with its own side; what one says to the other arrives. */
function pair() {
  const sides = { a: new Conversation(), b: new Conversation() }
  const heard = { a: '', b: '' }
  const run = (id: 'a' | 'b', effects: CallEffect[]): void => {
    for (const effect of effects) {
      if (effect.do === 'bridge') heard[id] = effect.peer
      else if (effect.do === 'music' || effect.do === 'silence') heard[id] = effect.do
      else if (effect.do === 'steer') {
        const peer = effect.peer as 'a' | 'b'
        run(peer, sides[peer].on({ ...effect.input, peer: id } as PeerInput))
      }
    }
  }
  const hold = (id: 'a' | 'b', held = true) => run(id, sides[id].own(held))
  const join = () => {
    run('b', sides.b.join('a'))
    run('a', sides.a.join('b'))
  }
  return { sides, heard, run, hold, join }
}

test('two legs that are joined hear each other', () => {
  const { heard, join } = pair()
  join()
  assert.deepEqual(heard, { a: 'b', b: 'a' })
})

test('whoever is held hears music until the other comes back', () => {
  const { heard, hold, join } = pair()
  join()
  hold('a')
  assert.equal(heard.b, 'music')
  hold('a', false)
  assert.deepEqual(heard, { a: 'b', b: 'a' })
})

test('both hold: each hears music as long as the other one holds', () => {
  const { heard, hold, join } = pair()
  join()
  hold('a')
  hold('b')
  hold('a', false)
  assert.deepEqual(heard, { a: 'music', b: 'a' })
  hold('b', false)
  assert.deepEqual(heard, { a: 'b', b: 'a' })
})

test('a phone that holds before the two are joined lets the other hear music from the start', () => {
  for (const holder of ['a', 'b'] as const) {
    const { heard, hold, join } = pair()
    hold(holder)
    join()
    assert.equal(heard[holder === 'a' ? 'b' : 'a'], 'music')
  }
})

test('what sounded in between ends: the two hear each other again, the holder music still', () => {
  const { sides, heard, run, join, hold } = pair()
  join()
  heard.a = heard.b = 'a beep'
  run('a', sides.a.goOn())
  assert.deepEqual(heard, { a: 'b', b: 'a' })
  hold('b')
  run('a', sides.a.goOn())
  assert.equal(heard.a, 'music')
})

test('a leg that parts hears nothing, and what comes of its peer changes nothing any more', () => {
  const { sides, heard, run, join } = pair()
  join()
  run('a', sides.a.part())
  assert.equal(heard.a, 'silence')
  run('a', sides.a.on({ type: 'peer_held', peer: 'b', held: true }))
  assert.equal(heard.a, 'silence')
})
