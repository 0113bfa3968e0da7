import type { Clock } from '#platform/time'
import { AddressGuard } from './address-guard.ts'
import { exchange, type Hop, type HopAnswer, type HopFault } from './exchange.ts'
import { GuardedAgents, guardedLookup } from './guarded-agents.ts'
import type { OutboundFailure, OutboundRequest, OutboundResult } from './outbound-request.ts'
import { nextHop } from './redirect.ts'
import { type ResolveHost, resolveHost } from './resolve-host.ts'
import { basicAuthorization, parseTarget, withoutCredentials } from './target.ts'
import { DEFAULT_TIMEOUTS, type OutboundTimeouts } from './timeouts.ts'

export interface OutboundClientOptions {
  clock: Clock
  /** Networks that may be reached although private (`ALLOW_PRIVATE_TARGETS`), e.g. `127.0.0.0/8`. */
  allowPrivate?: readonly string[]
  timeouts?: Partial<OutboundTimeouts>
  /** Who resolves names; by default the hosts file and DNS. */
  resolve?: ResolveHost
  /** Certificates (PEM) to trust instead of those that come with Node.js. */
  trust?: string
}

/** Requests in one chain of redirects. */
const MOST_REQUESTS = 3
const KEPT_BYTES = 65_536
const USER_AGENT = 'Strowger'

/** Makes requests to addresses that customers named, inside every limit; what comes of one is data, never a throw. */
export class OutboundClient {
  readonly #clock: Clock
  readonly #guard: AddressGuard
  readonly #agents: GuardedAgents
  readonly #timeouts: OutboundTimeouts
  readonly #resolve: ResolveHost

  constructor(options: OutboundClientOptions) {
    this.#clock = options.clock
    this.#guard = new AddressGuard(options.allowPrivate)
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
    this.#resolve = options.resolve ?? resolveHost
    this.#agents = new GuardedAgents({
      guard: this.#guard,
      ...(options.trust === undefined ? {} : { trust: options.trust }),
    })
  }

  /** Makes the request, follows redirects, and resolves to the final answer or to why there is none. Never rejects. */
  async request(wanted: OutboundRequest): Promise<OutboundResult> {
    const startMs = this.#clock.monotonicMs()
    const durationMs = () => this.#clock.monotonicMs() - startMs
    const fault = (failure: OutboundFailure, detail: string): OutboundResult => ({
      ok: false,
      failure,
      detail,
      durationMs: durationMs(),
    })
    const url = parseTarget(wanted.url)
    if (url === undefined) return fault('invalid_url', '')

    const ending = new AbortController()
    const totalMs = Math.min(wanted.timeoutMs ?? Number.POSITIVE_INFINITY, this.#timeouts.totalMs)
    const timer = this.#clock.after(totalMs, () => ending.abort('timeout'))
    const abort = () => ending.abort('aborted')
    if (wanted.signal?.aborted) abort()
    wanted.signal?.addEventListener('abort', abort)
    try {
      let hop = firstHop(url, wanted)
      for (let made = 1; ; made++) {
        const result = await this.#send(hop, wanted, ending.signal)
        if ('failure' in result) return fault(result.failure, result.detail)
        const next = nextHop(hop, result)
        if (next === 'final') return { ok: true, ...result, url: withoutCredentials(hop.url), durationMs: durationMs() }
        if (next === 'nowhere') return fault('redirects', 'the redirect leads nowhere')
        if (made === MOST_REQUESTS) return fault('redirects', `more than ${MOST_REQUESTS} requests`)
        hop = next
      }
    } finally {
      timer.cancel()
      wanted.signal?.removeEventListener('abort', abort)
    }
  }

  /** Cuts every connection. */
  close(): void {
    this.#agents.close()
  }

  async #send(hop: Hop, wanted: OutboundRequest, signal: AbortSignal): Promise<HopAnswer | HopFault> {
    const first = await this.#exchange(hop, wanted, signal, false)
    return 'failure' in first && first.stale ? this.#exchange(hop, wanted, signal, true) : first
  }

  #exchange(hop: Hop, wanted: OutboundRequest, signal: AbortSignal, fresh: boolean) {
    return exchange(hop, {
      agent: this.#agents.agent(hop.url, fresh),
      lookup: guardedLookup(this.#guard, this.#resolve, signal),
      guard: this.#guard,
      clock: this.#clock,
      timeouts: this.#timeouts,
      signal,
      maxBodyBytes: wanted.maxBodyBytes ?? KEPT_BYTES,
      refusalBytes: wanted.refusalBytes ?? 0,
      whenTooLarge: wanted.whenTooLarge ?? 'cut',
    })
  }
}

function firstHop(url: URL, { method, headers = {}, body }: OutboundRequest): Hop {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const authorization = basicAuthorization(url)
  return {
    url,
    method,
    headers: {
      'user-agent': USER_AGENT,
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(authorization === undefined ? {} : { authorization }),
      ...headers,
      ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
    },
    body: bytes,
  }
}
