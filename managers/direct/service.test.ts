import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ids, systemIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { freshDatabase } from '#testkit'
import type { DirectTarget } from './direct.ts'
import { migrations } from './migrations/index.ts'
import { DirectService } from './service.ts'

const { db } = await freshDatabase(migrations)
const customer = systemIds.uuid()
const clock = new ManualClock()

const serviceWith = (ids: Ids) => new DirectService({ db, clock, ids })
const directs = serviceWith(systemIds)
const target = (): DirectTarget => ({ resource_type: 'flow', resource_id: systemIds.uuid() })

/** Draws these bytes one after the other, then random ones. */
function drawing(...draws: number[]): Ids {
  return { ...systemIds, bytes: (count) => new Uint8Array(count).fill(draws.shift() ?? systemIds.integer(256)) }
}

test('a hash leads to its resource, until that is removed', async () => {
  const flow = target()
  const { hash } = await db.transaction((trx) => directs.create(trx, customer, flow))
  assert.match(hash, /^direct\.[0-9a-f]{12}$/)
  const found = await directs.findByHash(hash)
  assert.deepEqual([found?.customer_id, found?.resource_type, found?.resource_id], [customer, 'flow', flow.resource_id])
  await db.transaction((trx) => directs.remove(trx, customer, flow))
  assert.equal(await directs.findByHash(hash), undefined)
  await db.transaction((trx) => directs.remove(trx, customer, flow))
})

test('a hash that is taken is drawn again', async () => {
  const first = await db.transaction((trx) => serviceWith(drawing(1)).create(trx, customer, target()))
  const second = await db.transaction((trx) => serviceWith(drawing(1, 1, 1, 2)).create(trx, customer, target()))
  assert.equal(first.hash, 'direct.010101010101')
  assert.equal(second.hash, 'direct.020202020202')
  await assert.rejects(
    db.transaction((trx) => serviceWith(drawing(1, 1, 1, 1, 3)).create(trx, customer, target())),
    /taken/,
  )
})

test('regenerating makes a hash where there was none, and replaces one under the same id', async () => {
  const flow = target()
  const made = await db.transaction((trx) => directs.regenerate(trx, customer, flow))
  clock.advance(1000)
  const again = await db.transaction((trx) => directs.regenerate(trx, customer, flow))
  assert.equal(again.id, made.id)
  assert.equal(again.tm_create, made.tm_create)
  assert.notEqual(again.tm_update, null)
  assert.equal(await directs.findByHash(made.hash), undefined)
  assert.deepEqual(await directs.findByHash(again.hash), again)
})

test('a hash of a transaction that did not commit reaches nothing', async () => {
  let hash = ''
  const undone = db.transaction(async (trx) => {
    hash = (await directs.create(trx, customer, target())).hash
    throw new Error('undone')
  })
  await assert.rejects(undone, /undone/)
  assert.equal(await directs.findByHash(hash), undefined)
})

test('another customer cannot remove or replace a hash', async () => {
  const flow = target()
  const { hash } = await db.transaction((trx) => directs.create(trx, customer, flow))
  await db.transaction((trx) => directs.remove(trx, systemIds.uuid(), flow))
  await assert.rejects(db.transaction((trx) => directs.regenerate(trx, systemIds.uuid(), flow)))
  assert.equal((await directs.findByHash(hash))?.customer_id, customer)
})

test('a text that is no hash is not even looked for', async () => {
  for (const text of ['', 'direct.', 'direct.0123', 'direct.0123456789AB', 'direct.0123456789ab0', "direct.' or 1=1"])
    assert.equal(await directs.findByHash(text), undefined)
})
