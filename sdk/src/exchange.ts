import type { Method, Parts } from './api.ts'
import { AccountFrozenError, ApiError, ConnectionError, type Refusal } from './errors.ts'
import type { Time } from './time.ts'

/** A request as it is sent, each time the same. */
export interface Outgoing {
  method: Method
  /** For messages: without the query, which may hold what nobody else should read. */
  path: string
  url: string
  headers: Record<string, string>
  body: string | FormData | undefined
  /** JSON is read to its end; a file is handed over once its head is there. */
  answer: 'json' | 'file'
}

export interface ExchangeNeeds {
  fetch: typeof fetch
  time: Time
  /** `https://api.example.com`, for the pages of reasons. */
  baseUrl: string
  /** Calls an endpoint that a refusal names. */
  recover: (endpoint: string, signal: AbortSignal | undefined) => Promise<void>
}

/** Builds what is sent. `key` makes the repeats of a POST one request. */
export function outgoing(
  baseUrl: string,
  { method, path, parts, key }: { method: Method; path: string; parts: Parts; key: string | undefined },
  answer: Outgoing['answer'],
): Outgoing {
  const { body, form, query } = parts
  return {
    method,
    path,
    url: baseUrl + path + searchOf(query),
    headers: {
      accept: answer === 'json' ? 'application/json' : '*/*',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: form ? formOf(form) : body === undefined ? undefined : JSON.stringify(body),
    answer,
  }
}

/** Texts before files, so that the platform knows what comes when it comes. */
function formOf(members: object): FormData {
  const form = new FormData()
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) if (!(value instanceof Blob)) form.append(name, String(value))
  for (const [name, value] of given) if (value instanceof Blob) form.append(name, value)
  return form
}

function searchOf(query: object | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/**
 * Sends a request once. Gives what was answered, or throws `ApiError` for a refusal, `ConnectionError` for anything that is
 * no answer of the platform, and the reason of the signal when the caller gave up.
 */
export async function exchange(
  needs: ExchangeNeeds,
  request: Outgoing,
  bearer: string | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  signal?.throwIfAborted()
  const { method, path, url, body, answer } = request
  const headers = bearer === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${bearer}` }
  const attempt = new AbortController()
  const giveUp = () => attempt.abort(signal?.reason)
  signal?.addEventListener('abort', giveUp, { once: true })
  let isLate = false
  const cancelTimer = needs.time.after(timeoutMs, () => {
    isLate = true
    attempt.abort()
  })
  let handedOver = false
  try {
    const response = await needs.fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: attempt.signal,
      // a cookie would win over the header, and outlive it
      credentials: 'omit',
      redirect: answer === 'file' ? 'follow' : 'manual',
      cache: 'no-store',
    })
    if (response.ok && answer === 'file') {
      handedOver = true
      return response
    }
    const value = await readJson(response)
    if (response.ok) return value
    throw refusal(needs, response, value)
  } catch (error) {
    if (error instanceof ApiError || error instanceof ConnectionError) throw error
    signal?.throwIfAborted()
    if (isLate) throw new ConnectionError('timeout', `${method} ${path}: no answer within ${timeoutMs} ms`)
    throw new ConnectionError('network', `${method} ${path}: the connection failed`, { cause: error })
  } finally {
    cancelTimer()
    // whoever reads a file may still give up
    if (!handedOver) signal?.removeEventListener('abort', giveUp)
  }
}

async function readJson(response: Response): Promise<unknown> {
  const { status } = response
  const text = await response.text()
  if (text === '') return undefined
  const isJson = /^application\/([a-z0-9.+-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '')
  if (!isJson) throw new ConnectionError('answer', `HTTP ${status} without JSON`, { http: status })
  try {
    return JSON.parse(text)
  } catch (cause) {
    // it was cut off on the way
    throw new ConnectionError('network', `HTTP ${status} with broken JSON`, { http: status, cause })
  }
}

function refusal(needs: ExchangeNeeds, response: Response, value: unknown): Error {
  const { status: http, headers } = response
  if (!isEnvelope(value)) return new ConnectionError('answer', `HTTP ${http} without a reason`, { http })
  const help = `${needs.baseUrl}/docs/errors/${encodeURIComponent(value.error.reason)}`
  const at = { http, help, retryAfterMs: secondsOf(headers.get('retry-after')) }
  if (value.error.reason !== 'ACCOUNT_FROZEN') return new ApiError(value.error, at)
  const endpoint = String(value.error.details?.[0]?.recovery_endpoint)
  return new AccountFrozenError(value.error, at, (options) => needs.recover(endpoint, options?.signal))
}

function isEnvelope(value: unknown): value is { error: Refusal } {
  if (typeof value !== 'object' || value === null || !('error' in value)) return false
  const { error } = value
  if (typeof error !== 'object' || error === null) return false
  return ['reason', 'status', 'message'].every((name) => typeof (error as Record<string, unknown>)[name] === 'string')
}

/** `Retry-After` in seconds, as milliseconds. */
function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : undefined
}
