import { alreadyDone } from './already-done.ts'
import type { Api, Method, Parts } from './api.ts'
import { StrowgerError } from './errors.ts'
import { type ExchangeNeeds, exchange, type Outgoing, outgoing } from './exchange.ts'
import { nextStep } from './next-step.ts'
import { ALL_POLICIES, BACKOFF, type ClientOptions, FORM_TIMES, type RequestOptions, TIMES } from './options.ts'
import { List, type ListQuery } from './paging.ts'
import { Session } from './session.ts'
import { systemTime, type Time, wait } from './time.ts'

/** Connects to a platform, without a list of operations: `tags(connect(options))` has the tags alone. */
export function connect(options: ClientOptions): Api {
  return new Connection(options)
}

class Connection implements Api {
  readonly #options: ClientOptions
  readonly #time: Time
  readonly #session: Session
  readonly #needs: ExchangeNeeds

  constructor(options: ClientOptions) {
    const time = options.time ?? systemTime
    this.#options = options
    this.#time = time
    this.#session = new Session(options, (username, password) => this.#logIn(username, password))
    this.#needs = {
      baseUrl: baseOf(options.baseUrl),
      // a browser's fetch wants to be called as a function of the window
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      time,
      recover: (endpoint, signal) => this.#recover(endpoint, signal),
    }
  }

  async send<Answer>(method: Method, path: string, parts: Parts = {}, options: RequestOptions = {}): Promise<Answer> {
    try {
      return (await this.#persist('json', method, path, parts, options)) as Answer
    } catch (error) {
      const there = this.#policies(options).alreadyDone ? alreadyDone(error, path) : undefined
      if (there === undefined) throw error
      return this.send<Answer>('GET', there, {}, { ...options, idempotencyKey: undefined })
    }
  }

  async open(method: Method, path: string, parts: Parts = {}, options: RequestOptions = {}): Promise<Response> {
    return (await this.#persist('file', method, path, parts, options)) as Response
  }

  list<Item>(path: string, query: ListQuery = {}, options: RequestOptions = {}): List<Item> {
    return new List<Item>(this, path, query, options, this.#policies(options).stalePageToken)
  }

  /** Sends a request until it is answered, refused for good, or out of time. */
  async #persist(
    answer: Outgoing['answer'],
    method: Method,
    path: string,
    parts: Parts,
    options: RequestOptions,
  ): Promise<unknown> {
    const { signal } = options
    const usual = parts.form ? FORM_TIMES : TIMES
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? usual.timeoutMs
    const policies = this.#policies(options)
    const backoff = { ...BACKOFF, ...this.#options.backoff, ...options.backoff }
    const untilMs = this.#time.nowMs() + (options.deadlineMs ?? this.#options.deadlineMs ?? usual.deadlineMs)
    const key = method === 'POST' ? (options.idempotencyKey ?? newKey()) : undefined
    const request = outgoing(this.#needs.baseUrl, { method, path, parts, key }, answer)
    let [failed, limited, mayLogIn] = [0, 0, this.#session.canRenew && !parts.isPublic]
    for (let attempt = 1; ; attempt++) {
      const bearer = parts.isPublic ? undefined : await this.#session.bearer(signal)
      try {
        const leftMs = Math.max(1, untilMs - this.#time.nowMs())
        return await exchange(this.#needs, request, bearer, Math.min(timeoutMs, leftMs), signal)
      } catch (error) {
        if (!(error instanceof StrowgerError)) throw error
        error.attempts = attempt
        const random = () => this.#time.random()
        const step = nextStep(error, { policies, backoff, failed: failed + 1, limited, mayLogIn, random })
        if (step.do === 'give up') throw error
        const waitMs = step.do === 'repeat' ? step.afterMs : 0
        if (this.#time.nowMs() + waitMs >= untilMs) throw error
        this.#options.onRepeat?.({ method, path, attempt, error, waitMs })
        if (step.do === 'log in') {
          mayLogIn = false
          await this.#session.renew(bearer, signal)
          continue
        }
        if (step.counts) failed++
        else limited++
        await wait(this.#time, waitMs, signal)
      }
    }
  }

  async #logIn(username: string, password: string): Promise<string> {
    const parts = { body: { username, password }, isPublic: true }
    const { token } = await this.send<{ token: string }>('POST', '/auth/login', parts)
    return token
  }

  async #recover(endpoint: string, signal: AbortSignal | undefined): Promise<void> {
    const [, method, path] = /^(GET|POST|PUT|DELETE) (\/[\w/.-]*)$/.exec(endpoint) ?? []
    if (path === undefined) throw new TypeError(`'${endpoint}' is no endpoint`)
    await this.send(method as Method, path, {}, { signal })
  }

  #policies(options: RequestOptions) {
    return { ...ALL_POLICIES, ...this.#options.policies, ...options.policies }
  }
}

/** The base without its last slash. Credentials have no place in it. */
function baseOf(text: string): string {
  const url = new URL(text)
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '')
    throw new TypeError('baseUrl must be an http or https address without user, query and fragment')
  return url.href.replace(/\/+$/, '')
}

/** A fresh idempotency key. (`randomUUID` is missing on pages without TLS.) */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
