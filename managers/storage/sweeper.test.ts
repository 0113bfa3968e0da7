import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { timestamp } from '#platform/time'
import { TestAccounts } from '#testkit'
import { LeftoverStore } from './leftover-store.ts'
import { formOf, post } from './test-upload.ts'

const HOUR_MS = 3_600_000
const accounts = await TestAccounts.start()
const { admin, id: customer } = await accounts.customer()
const leftovers = new LeftoverStore(accounts.db)

/** An object that is there and noted as nobody's from this moment on. */
async function orphan(name: string, dueInMs: number): Promise<string> {
  const object = `files/or/${name}`
  mkdirSync(join(accounts.dataDir, 'files', 'or'), { recursive: true })
  writeFileSync(join(accounts.dataDir, object), 'left behind')
  await leftovers.note([object], timestamp(accounts.clock.wallMs() + dueInMs))
  return join(accounts.dataDir, object)
}

test('an object whose file never came to be is removed when nobody can still be making it', async () => {
  const path = await orphan('crashed', HOUR_MS)
  await accounts.storage.sweeper.sweep()
  assert.ok(existsSync(path), 'it may still become a file')
  accounts.clock.advance(HOUR_MS)
  await accounts.storage.sweeper.sweep()
  assert.ok(!existsSync(path))
})

test('an object that a file claims stays, whatever was noted about it', async () => {
  const { body } = await post(admin, '/v1.0/storage_files', formOf('kept'))
  const object = `files/${body.id.slice(0, 2)}/${body.id}`
  await leftovers.note([object], timestamp(accounts.clock.wallMs()))
  await accounts.storage.sweeper.sweep()
  assert.equal(await (await fetch(accounts.url + body.uri_download)).text(), 'kept')
  assert.deepEqual(await leftovers.due(timestamp(accounts.clock.wallMs()), 10), [])
})

test('the files of a customer who was deleted are gone after the next sweep', async () => {
  const { body } = await post(admin, '/v1.0/storage_files', formOf('theirs'))
  const path = join(accounts.dataDir, 'files', body.id.slice(0, 2), body.id)
  await accounts.db.transaction((trx) => accounts.storageAccounts.deleteAllOf(trx, customer))
  await accounts.storage.sweeper.sweep()
  assert.ok(!existsSync(path))
  assert.deepEqual((await admin.get('/v1.0/storage_files')).body.result, [])
})

test('an upload that a crash cut off is swept at the next start, one that may still go on is not', async () => {
  const folder = join(accounts.dataDir, 'uploads')
  mkdirSync(folder, { recursive: true })
  const [old, young] = ['old.part', 'young.part'].map((name) => join(folder, name)) as [string, string]
  for (const [path, agoMs] of [
    [old, HOUR_MS],
    [young, 60_000],
  ] as const) {
    writeFileSync(path, 'half of it')
    const when = (accounts.clock.wallMs() - agoMs) / 1000
    utimesSync(path, when, when)
  }
  accounts.storage.sweeper.start()
  await accounts.storage.sweeper.stop()
  assert.ok(!existsSync(old))
  assert.ok(existsSync(young))
})
