import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { Identity, ownerOf } from './identity.ts'

test('every tag and Call-ID tells the node and incarnation that made it', () => {
  const identity = new Identity({ node: 'n1', incarnation: 'k3f9' }, sequentialIds())
  for (const text of [identity.tag(), identity.callId(), identity.prefix]) {
    assert.deepEqual(ownerOf(text), { node: 'n1', incarnation: 'k3f9' })
  }
  assert.notEqual(identity.tag(), identity.tag())
  assert.ok(identity.branch().startsWith('z9hG4bK'))
})

test('a tag of somebody else is none of ours, and node and incarnation must be short and plain', () => {
  for (const tag of ['', 'abc', 'a.b.c.d', 'a-b.c.d', 'x.', '.x', 'this-is.too.x', 'averyverylongnodename.i.x']) {
    assert.equal(ownerOf(tag), undefined, tag)
  }
  for (const node of ['', 'a.b', 'ä', 'averyverylongnodename']) {
    assert.throws(() => new Identity({ node, incarnation: 'i' }, sequentialIds()))
  }
})
