import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { Type } from 'typebox'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { timestamp } from '#platform/time'
import { apiClient, assertReason } from '#testkit'
import { endpoint, handle } from './endpoint.ts'
import {
  decodePageToken,
  encodePageToken,
  type PageRequest,
  page,
  pageOf,
  pageQuery,
  pageRequest,
  paginate,
} from './paging.ts'
import { startServer } from './test-server.ts'

interface Cup {
  id: string
  tm_create: string
}

/** 250 cups, many made in the same microsecond, newest first as a store orders them. */
const ids = sequentialIds()
const cups: Cup[] = Array.from({ length: 250 }, (_, at) => ({
  id: ids.uuid(),
  tm_create: timestamp(1_767_000_000_000 + Math.floor(at / 90)),
})).sort(newestFirst)

function newestFirst(a: Cup, b: Cup): number {
  return key(a) < key(b) ? 1 : -1
}

function key({ tm_create, id }: Cup): string {
  return `${tm_create}|${id}`
}

/** What the condition of `pageOf` does in the database. */
function fetch({ size, after }: PageRequest): Cup[] {
  return cups.filter((cup) => !after || key(cup) < key({ ...after })).slice(0, size + 1)
}

const listCups = endpoint({
  method: 'GET',
  path: '/cups',
  summary: 'List cups',
  allow: 'public',
  query: pageQuery,
  returns: page(Type.Object({ id: Type.String(), tm_create: Type.String() })),
  errors: [],
})
const route = handle(listCups, ({ query }) => {
  const request = pageRequest(query)
  return paginate(fetch(request), request.size)
})

test('following the tokens gives every row once, however many share a time, and ends with an empty token', async () => {
  await using at = await startServer([route])
  const api = apiClient(at.url)
  for (const size of [7, 89, 100]) {
    const seen: string[] = []
    let token = ''
    do {
      const { body } = await api.get(`/v1.0/cups?page_size=${size}&page_token=${encodeURIComponent(token)}`)
      assert.ok(body.result.length <= size)
      seen.push(...body.result.map((cup: Cup) => cup.id))
      token = body.next_page_token
    } while (token !== '')
    assert.deepEqual(
      seen,
      cups.map((cup) => cup.id),
    )
  }
})

test('page_size is 100 when absent, 0, negative or above 100; a text is INVALID_REQUEST_PARAMETER', async () => {
  await using at = await startServer([route])
  const api = apiClient(at.url)
  for (const query of ['', '?page_size=0', '?page_size=-5', '?page_size=101', '?page_size=99999999999999999999'])
    assert.equal((await api.get(`/v1.0/cups${query}`)).body.result?.length, 100, query)
  for (const size of ['ten', '1.5', '', 'Infinity'])
    assertReason(await api.get(`/v1.0/cups?page_size=${size}`), 400, 'INVALID_REQUEST_PARAMETER')
})

test('a bare timestamp is a token too: only older rows come', async () => {
  await using at = await startServer([route])
  const bound = cups[100]?.tm_create ?? ''
  for (const token of [bound, bound.replace('T', ' '), bound.replace(/0+Z$/, 'Z')]) {
    const { body } = await apiClient(at.url).get(`/v1.0/cups?page_token=${encodeURIComponent(token)}`)
    assert.deepEqual(
      body.result[0],
      cups.find((cup) => cup.tm_create < bound),
    )
  }
})

test('a token that is none is INVALID_ARGUMENT', async () => {
  await using at = await startServer([route])
  for (const token of ['x', '0', 'bm9uc2Vuc2U', '9999-99-99T00:00:00Z', "' or 1=1", 'A'.repeat(4000), '%00']) {
    const answer = await apiClient(at.url).get(
      `/v1.0/cups?page_token=${token === '%00' ? token : encodeURIComponent(token)}`,
    )
    assertReason(answer, 400, token === '%00' ? 'INVALID_REQUEST_PARAMETER' : 'INVALID_ARGUMENT')
  }
})

test('a token with a moment that no calendar or database has is INVALID_ARGUMENT, bare or wrapped', () => {
  for (const moment of [
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-01-01T24:00:00Z',
  ]) {
    assert.equal(decodePageToken(moment), undefined, moment)
    assert.equal(decodePageToken(Buffer.from(`${moment}|${NIL_UUID}`).toString('base64url')), undefined, moment)
  }
  assert.equal(decodePageToken('9999-12-31T23:59:59.999999Z'), undefined, 'its microseconds round into the year 10000')
  assert.equal(decodePageToken('9999-01-01 00:00:00Z')?.tm_create, '9999-01-01T00:00:00.000000Z')
  assert.equal(decodePageToken('0001-01-01T00:00:00Z')?.tm_create, '0001-01-01T00:00:00.000000Z')
})

test('a token read back is the place that was written, and any other text is refused without harm', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), fc.uuid(), (ms, id) => {
      const place = { tm_create: timestamp(ms), id }
      assert.deepEqual(decodePageToken(encodePageToken(place)), place)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      decodePageToken(text)
      decodePageToken(Buffer.from(text).toString('base64url'))
    }),
  )
  assert.equal(decodePageToken('2026-01-02T03:04:05Z')?.id, NIL_UUID)
})

test('the SQL of a page orders by time and id and asks for one row more', () => {
  const db = new Kysely<{ cups: Cup & { colour: string } }>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const query = db.selectFrom('cups').selectAll().where('colour', '=', 'blue')
  const after = { tm_create: '2026-01-02T03:04:05.123456Z', id: NIL_UUID }
  const { sql, parameters } = pageOf(query, { size: 10, after }).compile()
  assert.equal(
    sql,
    'select * from "cups" where "colour" = $1 and ("tm_create", "id") < ($2::timestamptz, $3::uuid) order by "tm_create" desc, "id" desc limit $4',
  )
  assert.deepEqual(parameters, ['blue', after.tm_create, NIL_UUID, 11])
  assert.match(
    pageOf(query, { size: 10 }, 'cups').compile().sql,
    /order by "cups"."tm_create" desc, "cups"."id" desc limit/,
  )
})
