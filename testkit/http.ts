import assert from 'node:assert/strict'

/** An answer of the API with its body read as JSON (`undefined` where there is none). */
export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into bodies of every shape
  body: any
  /** The body's bytes as text. */
  text: string
}

/** What proves who asks. */
export interface ClientCredentials {
  accesskey?: string
  token?: string
}

/** Asks the API like a customer's program would. */
export interface ApiClient {
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  put(path: string, body?: unknown): Promise<Answer>
  delete(path: string): Promise<Answer>
  /** Anything else: own headers, own body. */
  send(
    method: string,
    path: string,
    init?: { headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> },
  ): Promise<Answer>
}

/** A client of the API at `baseUrl`; paths are whole (`/v1.0/calls`), credentials go into the header. */
export function apiClient(baseUrl: string, { accesskey, token }: ClientCredentials = {}): ApiClient {
  const bearer = accesskey ?? token
  const send: ApiClient['send'] = async (method, path, { headers = {}, body } = {}) => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text ? JSON.parse(text) : undefined,
    }
  }
  const json =
    (method: string) =>
    (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      send(
        method,
        path,
        body === undefined
          ? { headers }
          : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) },
      )
  return {
    get: (path) => send('GET', path),
    post: json('POST'),
    put: json('PUT'),
    delete: (path) => send('DELETE', path),
    send,
  }
}

/** The answer is the error envelope with this reason, and every part of it agrees with every other. */
export function assertReason(answer: Answer, http: number, reason: string, domain = 'api-manager') {
  const shown = answer.text.slice(0, 500)
  assert.equal(answer.status, http, shown)
  assert.deepEqual(Object.keys(answer.body), ['error'], shown)
  const { error } = answer.body
  assert.equal(error.reason, reason, shown)
  assert.equal(error.domain, domain, shown)
  assert.equal(error.request_id, answer.headers.get('x-request-id'))
  assert.equal(typeof error.status, 'string')
  assert.equal(typeof error.message, 'string')
  assert.ok(error.message.length > 0)
  assert.ok(error.details === undefined || error.details.length > 0, 'details are left out when empty')
}

/** Two answers are the same byte for byte, but for the request id: nothing tells a foreign id from a missing one. */
export function sameButRequestId(a: Answer, b: Answer) {
  const plain = ({ text }: Answer) => text.replace(/"request_id":"[^"]*"/, '"request_id":""')
  assert.equal(a.status, b.status)
  assert.equal(plain(a), plain(b))
  const names = ({ headers }: Answer) => [...headers.keys()].filter((name) => name !== 'date').sort()
  assert.deepEqual(names(a), names(b))
}
