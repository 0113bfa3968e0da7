import type { Api } from './api.ts'
import { ApiError } from './errors.ts'
import type { RequestOptions } from './options.ts'

/** One page, as the platform answers it. */
export interface Page<Item> {
  result: Item[]
  /** Empty on the last page. */
  next_page_token: string
}

export interface ListQuery {
  page_size?: number | undefined
  page_token?: string | undefined
}

/**
 * A list, newest first, that is fetched page by page while it is read:
 * `for await (const call of client.calls.list())`. Each reading begins anew. Nothing is fetched before the first item is
 * asked for.
 */
export class List<Item> implements AsyncIterable<Item> {
  readonly #api: Api
  readonly #path: string
  readonly #query: ListQuery
  readonly #options: RequestOptions
  readonly #mends: boolean

  constructor(api: Api, path: string, query: ListQuery, options: RequestOptions, mends: boolean) {
    this.#api = api
    this.#path = path
    this.#query = query
    this.#options = options
    this.#mends = mends
  }

  /** One page: the first, or the one of `page_token`. */
  page(): Promise<Page<Item>> {
    return this.#fetch(this.#query.page_token)
  }

  /** Page after page. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    const seen = new Seen<Item>()
    let token = this.#query.page_token
    for (;;) {
      let page: Page<Item>
      try {
        page = await this.#fetch(token)
      } catch (error) {
        // a token that the caller brought is reported: only the caller knows what it stood for
        const from = this.#mends && isStalePageToken(error) ? seen.restart() : undefined
        if (from === undefined) throw error
        token = from
        continue
      }
      const result = seen.onlyNew(page.result)
      token = page.next_page_token
      yield { ...page, result }
      if (token === '') return
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const { result } of this.pages()) yield* result
  }

  #fetch(page_token: string | undefined): Promise<Page<Item>> {
    const query = { ...this.#query, page_token: page_token === '' ? undefined : page_token }
    return this.#api.send<Page<Item>>('GET', this.#path, { query }, this.#options)
  }
}

/** Whether the platform does not take a page token (any more): begin again, without it. */
export function isStalePageToken(error: unknown): error is ApiError {
  if (!(error instanceof ApiError) || error.status !== 'INVALID_ARGUMENT') return false
  return error.details.some((detail) => (detail as { field?: unknown }).field === 'page_token')
}

/**
 * Where a list can go on without its token: a list also begins behind a moment. Items of the very moment of the last one
 * come again then, and are left out.
 */
class Seen<Item> {
  #moment = ''
  readonly #atMoment = new Set<unknown>()
  #restarted = false
  /** Whether anything new came since the last restart: without it the next one would lead to the same place. */
  #advanced = false

  onlyNew(items: readonly Item[]): Item[] {
    const fresh = this.#restarted ? items.filter((item) => !this.#atMoment.has(partsOf(item).id)) : [...items]
    if (fresh.length > 0) this.#advanced = true
    for (const item of fresh) {
      const { id, tm_create } = partsOf(item)
      if (typeof tm_create !== 'string') continue
      if (tm_create !== this.#moment) this.#atMoment.clear()
      this.#moment = tm_create
      this.#atMoment.add(id)
    }
    return fresh
  }

  /** The token that stands for the end of what was given; `undefined` where nothing tells it, or it did not help. */
  restart(): string | undefined {
    if (!this.#advanced) return undefined
    this.#restarted = true
    this.#advanced = false
    return justAfter(this.#moment)
  }
}

function partsOf(item: unknown): { id?: unknown; tm_create?: unknown } {
  return typeof item === 'object' && item !== null ? item : {}
}

/** The next microsecond, as a timestamp: whatever is not newer than `moment` lies before it. */
function justAfter(moment: string): string | undefined {
  const [, second = '', micros = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/.exec(moment) ?? []
  if (micros === '') return undefined
  const next = Number(micros) + 1
  if (next < 1_000_000) return `${second}.${String(next).padStart(6, '0')}Z`
  return new Date(Date.parse(`${second}Z`) + 1_000).toISOString().replace(/\.000Z$/, '.000000Z')
}
