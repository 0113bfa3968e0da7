import assert from 'node:assert/strict'
import type { Time } from './time.ts'

/** A request as the platform would see it. */
export interface SeenRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: Headers
  body: unknown
  signal: AbortSignal
}

/** What is answered: a body with 200, a whole response, or whatever a connection does. */
export type Treatment = (request: SeenRequest) => unknown

/** A platform whose every answer the test writes: a `fetch` that keeps what came. */
export class TestPlatform {
  readonly seen: SeenRequest[] = []
  treat: Treatment

  constructor(treat: Treatment) {
    this.treat = treat
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(String(input))
    const { body } = init
    const request: SeenRequest = {
      method: init.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: typeof body === 'string' ? JSON.parse(body) : body,
      signal: init.signal ?? new AbortController().signal,
    }
    request.signal.throwIfAborted()
    this.seen.push(request)
    const answer = await this.treat(request)
    return answer instanceof Response ? answer : Response.json(answer)
  }

  /** What came as `METHOD path`. */
  get trail(): string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`)
  }
}

const HTTP: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  FAILED_PRECONDITION: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
}

/** A refusal as the platform writes it. */
export function refuse(
  status: string,
  reason: string,
  { domain = 'api-manager', details, retryAfter }: { domain?: string; details?: object[]; retryAfter?: number } = {},
): Response {
  const error = { status, reason, domain, message: `it is ${reason}`, request_id: 'req_1', details }
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return Response.json({ error }, { status: HTTP[status] ?? 500, headers })
}

/** Never answers; ends when the client gives up, as a connection does. */
export function hang({ signal }: SeenRequest): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

/** Breaks off, as `fetch` says it. */
export function breakOff(): never {
  throw new TypeError('fetch failed', { cause: new Error('ECONNRESET') })
}

/** Time that passes only where somebody waits: a wait is over at once, and noted. */
export class TestTime implements Time {
  now = 0
  /** Waits that came to their end, in milliseconds. */
  readonly waits: number[] = []
  /** Timers that have this length do not end by themselves: attempts are not late unless a test says so. */
  late = false
  dice = 1
  readonly #attemptMs: number

  constructor(attemptMs = 30_000) {
    this.#attemptMs = attemptMs
  }

  nowMs() {
    return this.now
  }

  after(ms: number, call: () => void) {
    const isAttempt = ms === this.#attemptMs
    if (isAttempt && !this.late) return () => {}
    const timer = setImmediate(() => {
      this.now += ms
      if (!isAttempt) this.waits.push(ms)
      call()
    })
    return () => clearImmediate(timer)
  }

  random() {
    return this.dice
  }
}

/** What a promise rejects with, which must be an error of this kind. */
export async function rejection<Kind extends Error>(
  promise: Promise<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: the constructors of errors take all sorts of things
  kind: abstract new (...all: any[]) => Kind,
): Promise<Kind> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof kind, String(error))
  return error
}
