import { type ReferenceExpression, type SelectQueryBuilder, sql } from 'kysely'
import { type Static, type TSchema, Type } from 'typebox'
import { isUuid, NIL_UUID } from '#platform/ids'
import { type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { apiErrors } from './errors.ts'

/** Rows of a page when nothing, or something out of range, is asked for; also the most that a page holds. */
export const PAGE_SIZE = 100

/** The query of every list. Add filters by `Type.Object({ ...pageQuery.properties, … })`. */
export const pageQuery = Type.Object({
  page_size: Type.Optional(
    Type.Integer({
      description: `1 to ${PAGE_SIZE}; anything else is ${PAGE_SIZE}.`,
      default: PAGE_SIZE,
      'x-clamped': true,
    }),
  ),
  page_token: Type.Optional(
    Type.String({ description: '`next_page_token` of the page before, or a timestamp: only older rows are returned.' }),
  ),
})
export type PageQuery = Static<typeof pageQuery>

/** The envelope of every list. */
export function page<Item extends TSchema>(item: Item) {
  return Type.Object({
    result: Type.Array(item),
    next_page_token: Type.String({ description: 'Empty on the last page.' }),
  })
}
/** A page as a handler returns it. */
export interface Page<Item> {
  result: Item[]
  next_page_token: string
}

/** Where a page begins: after this row, in the order newest first. A bare timestamp has the nil UUID. */
export interface PageToken {
  tm_create: Timestamp
  id: string
}

/** Which page a store is asked for. A store fetches `size + 1` rows, so that the last page is known as such. */
export interface PageRequest {
  /** 1 to 100. */
  size: number
  after?: PageToken
}

/** Reads the query of a list; a token that is none is `INVALID_ARGUMENT`. */
export function pageRequest(query: { page_size?: number; page_token?: string }): PageRequest {
  const { page_size = PAGE_SIZE, page_token = '' } = query
  const size = page_size >= 1 && page_size <= PAGE_SIZE ? page_size : PAGE_SIZE
  if (page_token === '') return { size }
  const after = decodePageToken(page_token)
  if (!after) throw apiErrors.INVALID_ARGUMENT({ field: 'page_token', issue: 'is no page token' })
  return { size, after }
}

/** Makes the page of rows that a store fetched as `size + 1`, newest first. */
export function paginate<Row extends { id: string; tm_create: Timestamp | null }>(
  rows: readonly Row[],
  size: number,
): Page<Row> {
  const result = rows.slice(0, size)
  const last = result.at(-1)
  const more = rows.length > size && last?.tm_create
  return { result, next_page_token: more ? encodePageToken({ tm_create: last.tm_create ?? '', id: last.id }) : '' }
}

/** Writes a token that is opaque to clients. */
export function encodePageToken(token: PageToken): string {
  return Buffer.from(`${token.tm_create}|${token.id}`).toString('base64url')
}

/** Reads a token, or a timestamp in its place; `undefined` where it is neither. */
export function decodePageToken(text: string): PageToken | undefined {
  if (text.length > 200) return undefined
  const bare = timestampToMs(text)
  if (bare !== undefined) return { tm_create: timestamp(bare), id: NIL_UUID }
  const [tm_create = '', id = '', ...rest] = Buffer.from(text, 'base64url').toString('utf8').split('|')
  if (rest.length > 0 || !isUuid(id) || timestampToMs(tm_create) === undefined) return undefined
  return { tm_create, id }
}

/**
 * Adds order, beginning and limit of a page to a query: newest first by (`tm_create`, `id`), `size + 1` rows. The query's
 * table has these two columns; with a join, say which table.
 */
export function pageOf<DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { size, after }: PageRequest,
  table?: string,
): SelectQueryBuilder<DB, TB, Row> {
  const tm_create = sql.ref(table ? `${table}.tm_create` : 'tm_create')
  const id = sql.ref(table ? `${table}.id` : 'id')
  const begun = after
    ? query.where(sql<boolean>`(${tm_create}, ${id}) < (${after.tm_create}::timestamptz, ${after.id}::uuid)`)
    : query
  return begun
    .orderBy(tm_create as unknown as ReferenceExpression<DB, TB>, 'desc')
    .orderBy(id as unknown as ReferenceExpression<DB, TB>, 'desc')
    .limit(size + 1)
}
