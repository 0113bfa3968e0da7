import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, freshDatabase } from '#testkit'
import { type Database, DatabaseUnavailable, jsonb, keyedRead, sqlState, whileWanted } from './index.ts'

interface Tables {
  teas: { id: number; name: string; parts: string[] | null; tm_create: string }
}

const migrations = [
  {
    owner: 'tea',
    name: '0001',
    sql: 'CREATE TABLE teas (id bigint PRIMARY KEY, name text NOT NULL, parts jsonb, tm_create timestamptz)',
  },
]

const READERS =
  "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '% reads'"

/** A database whose reads travel together by now: the first one of all goes alone. */
async function readers() {
  const { db } = await freshDatabase(migrations)
  await eventually('the connection of reads is there', async () => {
    await db.read('SELECT 1 AS one WHERE $1 = $1', ['x'])
    return (await db.query(READERS)).length > 0 || undefined
  })
  return db
}

const echo = async (db: Database, text: string) => {
  const [row] = await db.read<{ said: string }>('SELECT $1::text AS said', [text])
  return row?.said
}

test('a hundred reads of the same moment are each answered with their own rows', async () => {
  const db = await readers()
  const texts = Array.from({ length: 100 }, (_, nth) => `tea ${nth}`)
  assert.deepEqual(await Promise.all(texts.map((text) => echo(db, text))), texts)
  assert.deepEqual(await Promise.all(texts.map((text) => echo(db, text))), texts)
})

test('a look-up by key gives the row as the wire shows it, or nothing', async () => {
  const db = await readers()
  const tea = { id: 5_000_000_000, name: 'earl', tm_create: '2026-01-02T03:04:05.100000Z' }
  const insert = (parts: string[]) =>
    db
      .kysely<Tables>()
      .insertInto('teas')
      .values({ ...tea, parts: jsonb(parts) })
      .execute()
  await insert(['leaf'])
  const byName = keyedRead<Tables, Tables['teas']>(db, (tables, name) =>
    tables.selectFrom('teas').selectAll().where('id', '>', 7).where('name', '=', name),
  )
  const [found, again, none] = await Promise.all([byName('earl'), byName('earl'), byName('grey')])
  assert.deepEqual([found, again, none], [{ ...tea, parts: ['leaf'] }, { ...tea, parts: ['leaf'] }, undefined])
})

test('what is wrong with one read is told to whoever asked it and to nobody else', async () => {
  const db = await readers()
  const wrong = db.read('SELECT 1 / $1::integer', ['0'])
  const unsafe = db.read('SELECT $1::bigint', ['9007199254740993'])
  const others = ['a', 'b', 'c'].map((text) => echo(db, text))
  await Promise.all([assert.rejects(wrong, (error) => sqlState(error) === '22012'), assert.rejects(unsafe, RangeError)])
  assert.deepEqual(await Promise.all(others), ['a', 'b', 'c'])
})

test('reads whose connection is lost under way are answered all the same', async () => {
  const db = await readers()
  const slow = db.read<{ said: string }>('SELECT $1::text AS said, pg_sleep(0.2)', ['slow'])
  const behind = echo(db, 'behind')
  await db.query(`SELECT pg_terminate_backend(pid) FROM (${READERS}) AS readers`)
  assert.deepEqual([(await slow)[0]?.said, await behind, await echo(db, 'after')], ['slow', 'behind', 'after'])
})

test('a read that takes long holds nobody up', async () => {
  const db = await readers()
  let isOver = false
  const slow = db.read('SELECT $1::text, pg_sleep(0.9)', ['slow']).then(() => {
    isOver = true
  })
  await db.query('SELECT pg_sleep(0.1)')
  assert.equal(await echo(db, 'quick'), 'quick')
  assert.equal(isOver, false)
  await slow
})

test('a read is not begun once nobody wants it, and none after the end', async () => {
  const db = await readers()
  const leaver = new AbortController()
  const unwanted = whileWanted(leaver.signal, () => echo(db, 'x'))
  leaver.abort()
  await assert.rejects(unwanted, DatabaseUnavailable)
  await db.close()
  await assert.rejects(echo(db, 'x'), DatabaseUnavailable)
})
