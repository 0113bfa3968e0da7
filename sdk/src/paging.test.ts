import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, createClient, isStalePageToken } from './index.ts'
import { refuse, rejection, type SeenRequest, TestPlatform, TestTime } from './test-platform.ts'

interface Row {
  id: string
  tm_create: string
}

const moment = (micros: number) => `2026-01-02T03:04:59.${String(micros).padStart(6, '0')}Z`
const staleToken = () =>
  refuse('INVALID_ARGUMENT', 'INVALID_ARGUMENT', {
    details: [{ field: 'page_token', pointer: '/page_token', issue: '' }],
  })

/** Lists rows, newest first, as the platform does; tokens of another `era` are none. */
function lists(rows: Row[], { era = () => '1' }: { era?: (request: SeenRequest) => string } = {}) {
  const platform = new TestPlatform((request) => {
    const { query } = request
    const size = Number(query.get('page_size') ?? 100)
    const token = query.get('page_token')
    const [ofEra, tm, id = ''] = token?.includes('|') ? token.split('|') : [undefined, token ?? '9999', '']
    if (ofEra !== undefined && ofEra !== era(request)) return staleToken()
    const left = rows.filter((row) => row.tm_create < String(tm) || (row.tm_create === tm && row.id < id))
    const result = left.slice(0, size)
    const last = result.at(-1)
    const more = left.length > size && last
    return { result, next_page_token: more ? `${era(request)}|${last.tm_create}|${last.id}` : '' }
  })
  const client = createClient({ baseUrl: 'https://api.test', fetch: platform.fetch, time: new TestTime() })
  return { platform, client }
}

/** Rows of which three share each moment. */
function manyRows(count: number): Row[] {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: String(index).padStart(4, '0'),
    tm_create: moment(Math.floor(index / 3)),
  }))
  return rows.reverse()
}

async function idsOf(items: AsyncIterable<unknown>): Promise<string[]> {
  const ids: string[] = []
  for await (const item of items) ids.push((item as Row).id)
  return ids
}

test('a list gives every item once, page by page, and asks for no more pages than are read', async () => {
  const rows = manyRows(25)
  const { platform, client } = lists(rows)
  const list = client.tags.list({ page_size: 10 })
  assert.equal(platform.seen.length, 0)
  assert.deepEqual(
    await idsOf(list),
    rows.map(({ id }) => id),
  )
  assert.equal(platform.seen.length, 3)
  for await (const item of list) {
    assert.equal(item.id, rows[0]?.id)
    break
  }
  assert.equal(platform.seen.length, 4)
})

test('page() gives one page with the token of the next one', async () => {
  const rows = manyRows(5)
  const { client } = lists(rows)
  const first = await client.tags.list({ page_size: 3 }).page()
  const second = await client.tags.list({ page_size: 3, page_token: first.next_page_token }).page()
  assert.deepEqual([first.result.length, second.result.length, second.next_page_token], [3, 2, ''])
})

test('a list whose token goes stale goes on behind the last item, without a gap or a repeat', async () => {
  for (const page_size of [2, 4, 7]) {
    const rows = manyRows(40)
    const { platform, client } = lists(rows, { era: () => String(Math.floor(platform.seen.length / 4)) })
    assert.deepEqual(
      await idsOf(client.tags.list({ page_size })),
      rows.map(({ id }) => id),
      `pages of ${page_size}`,
    )
    assert.ok(
      platform.seen.some(({ query }) => query.get('page_token')?.endsWith('Z')),
      'a token went stale',
    )
  }
})

test('the moment behind the last one may be in the next second', async () => {
  const rows = [
    { id: 'b', tm_create: moment(999_999) },
    { id: 'a', tm_create: moment(999_998) },
  ]
  const { platform, client } = lists(rows, { era: () => String(platform.seen.length === 1) })
  assert.deepEqual(await idsOf(client.tags.list({ page_size: 1 })), ['b', 'a'])
  assert.equal(platform.seen[2]?.query.get('page_token'), '2026-01-02T03:05:00.000000Z')
})

test('a stale token that the caller brought is reported, and can be told', async () => {
  const { client } = lists(manyRows(5))
  const error = await rejection(idsOf(client.tags.list({ page_token: '0|x|y' })), ApiError)
  assert.ok(isStalePageToken(error))
  assert.equal(isStalePageToken(new Error('page_token')), false)
})

test('a list whose every token is refused at once ends with that, and does not turn in a circle', async () => {
  const { platform, client } = lists(manyRows(9), { era: () => String(platform.seen.length) })
  assert.ok(isStalePageToken(await rejection(idsOf(client.tags.list({ page_size: 2 })), ApiError)))
})

test('without the policy a list that breaks off is reported', async () => {
  const { platform, client } = lists(manyRows(5), { era: () => String(platform.seen.length) })
  const list = client.tags.list({ page_size: 2 }, { policies: { stalePageToken: false } })
  assert.ok(isStalePageToken(await rejection(idsOf(list), ApiError)))
})
