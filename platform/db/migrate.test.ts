import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshDatabase } from '#testkit'
import { type Migration, MigrationRefused, migrate } from './index.ts'

const first: Migration = {
  owner: 'tea',
  name: '0001-teas',
  sql: 'CREATE TABLE teas (id int); CREATE TABLE cups (id int)',
}
const second: Migration = { owner: 'tea', name: '0002-name', sql: 'ALTER TABLE teas ADD COLUMN name text' }

test('each migration is run once, in order, however many starts there are at the same time', async () => {
  const { db } = await freshDatabase()
  const runs = await Promise.all([
    migrate(db, [first, second]),
    migrate(db, [first, second]),
    migrate(db, [first, second]),
  ])
  assert.deepEqual(runs.flat(), ['tea/0001-teas', 'tea/0002-name'])
  assert.deepEqual(await migrate(db, [first, second]), [])
})

test('a migration that fails leaves nothing of itself, and keeps those before it', async () => {
  const { db } = await freshDatabase()
  const broken = { ...second, sql: 'ALTER TABLE teas ADD COLUMN name text; SELECT nonsense' }
  await assert.rejects(migrate(db, [first, broken]))
  assert.deepEqual(await db.query("SELECT column_name FROM information_schema.columns WHERE table_name = 'teas'"), [
    { column_name: 'id' },
  ])
  assert.deepEqual(await migrate(db, [first, second]), ['tea/0002-name'])
})

test('an applied migration whose text has changed is refused', async () => {
  const { db } = await freshDatabase()
  await migrate(db, [first])
  await assert.rejects(migrate(db, [{ ...first, sql: 'CREATE TABLE other (id int)' }]), MigrationRefused)
})

test('a database that a newer version has been at is refused', async () => {
  const { db } = await freshDatabase()
  await migrate(db, [first, second])
  await assert.rejects(migrate(db, [first]), MigrationRefused)
})

test('a migration that would have to go between applied ones is refused: forward only', async () => {
  const { db } = await freshDatabase()
  await migrate(
    db,
    [second, first].toSorted((a, b) => a.name.localeCompare(b.name)),
  )
  const between = { owner: 'tea', name: '0001-x', sql: 'SELECT 1' }
  await assert.rejects(migrate(db, [first, between, second]), MigrationRefused)
  await assert.rejects(migrate(db, [second, first]), MigrationRefused)
})
