import type { RequestOptions } from './options.ts'
import type { List, ListQuery } from './paging.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What a request carries besides its path. */
export interface Parts {
  query?: object | undefined
  /** Sent as JSON. */
  body?: unknown
  /** Sent as `multipart/form-data`: texts, and files as `Blob` or `File`. */
  form?: object | undefined
  /** Nobody has to say who asks. */
  isPublic?: boolean
}

/** What the generated operations are made of, and the way to an operation that this client does not know yet. */
export interface Api {
  /** Sends a request and gives the parsed answer. Throws `ApiError`, `ConnectionError`, or the reason of the signal. */
  send<Answer>(method: Method, path: string, parts?: Parts, options?: RequestOptions): Promise<Answer>
  /** The same for files: gives the response once its head is there, behind the redirect where there is one. */
  open(method: Method, path: string, parts?: Parts, options?: RequestOptions): Promise<Response>
  /** A list that is fetched page by page while it is read. */
  list<Item>(path: string, query?: ListQuery, options?: RequestOptions): List<Item>
}

/** A value as one segment of a path. */
export function segment(value: string): string {
  if (value === '' || value === '.' || value === '..') throw new TypeError(`'${value}' is no id`)
  return encodeURIComponent(value)
}
