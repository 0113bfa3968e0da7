import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turnstile } from './turnstile.ts'

const refuse = (): never => {
  throw new Error('too many')
}

test('two run, two wait in order, and the fifth is turned away', async () => {
  const turnstile = new Turnstile(2, 2)
  const begun: number[] = []
  const end: (() => void)[] = []
  const work = (which: number) => () =>
    new Promise<number>((resolve) => {
      begun.push(which)
      end[which] = () => resolve(which)
    })
  const all = [0, 1, 2, 3].map((which) => turnstile.run(work(which), refuse))
  await assert.rejects(turnstile.run(work(4), refuse), /too many/)
  assert.deepEqual(begun, [0, 1])
  end[1]?.()
  await all[1]
  assert.deepEqual(begun, [0, 1, 2])
  end[0]?.()
  await all[0]
  end[2]?.()
  end[3]?.()
  assert.deepEqual(await Promise.all(all), [0, 1, 2, 3])
})

test('work that fails gives its place to the next', async () => {
  const turnstile = new Turnstile(1, 1)
  const failing = turnstile.run(() => Promise.reject(new Error('broken')), refuse)
  const next = turnstile.run(async () => 'done', refuse)
  await assert.rejects(failing, /broken/)
  assert.equal(await next, 'done')
})
