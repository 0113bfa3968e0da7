import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TopicIndex } from './topic-index.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 6 })

test('it finds exactly those whose topic the published one begins with, each once, whatever was added and removed', () => {
  const step = fc.record({ add: fc.boolean(), topic: word, who: fc.integer({ min: 0, max: 4 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(word, { maxLength: 3 }), (steps, published) => {
      const index = new TopicIndex<number>()
      const held = new Map<number, Set<string>>()
      for (const { add, topic, who } of steps) {
        const own = held.get(who) ?? new Set()
        held.set(who, own)
        if (add) index.add(topic, who)
        else index.remove(topic, who)
        if (add) own.add(topic)
        else own.delete(topic)
      }
      const wanted = [...held].filter(([, own]) =>
        published.some((each) => [...own].some((topic) => each.startsWith(topic))),
      )
      assert.deepEqual([...index.match(published)].sort(), wanted.map(([who]) => who).sort())
    }),
  )
})
