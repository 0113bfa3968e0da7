import type { Ids } from '#platform/ids'
import type { Clock, Timer } from '#platform/time'
import type { Question, Reply } from '../asking/question.ts'
import { type Credentials, checkCredentials } from '../digest/client.ts'
import { retryAfterOf } from '../message/retry-after.ts'
import { parseUri } from '../message/uri.ts'
import type { Flow, RemoteAddress } from '../transport/flow.ts'
import type { Destination } from '../transport/resolve.ts'
import { backOffMs } from './back-off.ts'
import { grantedSeconds, minExpiresOf } from './granted.ts'

/** How long a binding is asked for, unless the options say otherwise. */
const EXPIRES_SECONDS = 3_600
/** How long a stop waits for the registrar to forget us. */
const GOODBYE_MS = 2_000
/** The longest Retry-After that is believed. */
const MOST_RETRY_AFTER_SECONDS = 3_600

/** Where we register, and as whom. */
export interface RegistrationOptions {
  /**
   * The user part of our Contact: the Request-URI of an INVITE that comes in for this registration has it. The same in each
   * life of the platform, so that a new binding takes the place of the old one.
   */
  readonly contactUser: string
  /** The Request-URI: `sip:carrier.example`. Where it leads is looked up each time. */
  readonly registrar: string
  /** The address of record: `sip:acme@carrier.example`. */
  readonly aor: string
  /** A proxy that it goes through, in place of where the registrar's URI leads. */
  readonly via?: readonly Destination[]
  readonly credentials?: Credentials
  /** Default 3,600. */
  readonly expiresSeconds?: number
}

/**
 * How it stands. `registered`: the registrar calls us until it is refreshed. `refused`: it answered no (`status`).
 * `unreachable`: nobody answered, or the URI leads nowhere that we may go. `unregistered`: it was taken back.
 */
export type RegistrationState =
  | { readonly type: 'registering' }
  | {
      readonly type: 'registered'
      readonly expires_seconds: number
      readonly remote: RemoteAddress
      readonly transport: Destination['transport']
    }
  | { readonly type: 'refused'; readonly status: number; readonly reason_phrase: string; readonly retry_in_ms: number }
  | {
      readonly type: 'unreachable'
      readonly reply: Exclude<Reply, { outcome: 'answered' }>
      readonly retry_in_ms: number
    }
  | { readonly type: 'unregistered' }

export interface RegistrationNeeds {
  readonly clock: Clock
  readonly ids: Ids
  ask(question: Question): Promise<Reply>
  /** Hears of each new state. */
  changed(state: RegistrationState): void
}

/**
 * One registration of ours with a carrier or PBX (RFC 3261 §10.2): made at `start`, refreshed well before it ends, tried again
 * with growing patience where it fails, taken back at `stop`.
 */
export class OutboundRegistration {
  readonly #options: RegistrationOptions
  readonly #needs: RegistrationNeeds
  readonly #callId: string
  #cseq = 0
  #expiresSeconds: number
  #failures = 0
  #state: RegistrationState = { type: 'unregistered' }
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #started = false

  /** Throws a `SipError` for a registrar or an address of record that is no URI, and for credentials that cannot be shown. */
  constructor(options: RegistrationOptions, needs: RegistrationNeeds) {
    parseUri(options.registrar)
    parseUri(options.aor)
    if (options.credentials) checkCredentials(options.credentials)
    this.#options = options
    this.#needs = needs
    this.#callId = needs.ids.uuid()
    this.#expiresSeconds = options.expiresSeconds ?? EXPIRES_SECONDS
  }

  get state(): RegistrationState {
    return this.#state
  }

  get contactUser(): string {
    return this.#options.contactUser
  }

  /** Registers, now. Harmless when repeated. */
  start(): void {
    this.#started = true
    if (this.#running) return
    this.#timer?.cancel()
    if (this.#state.type === 'unregistered') this.#become({ type: 'registering' })
    this.#running = this.#register()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  /**
   * A connection has closed. Where the registrar calls us over it, the registration is made anew soon (RFC 5626 §4.5): with
   * patience, so that a registrar that cannot keep connections is not asked all the time.
   */
  flowClosed({ remote }: Pick<Flow, 'remote'>): void {
    const state = this.#state
    if (!this.#started || this.#running || state.type !== 'registered' || state.transport !== 'tcp') return
    if (state.remote.address !== remote.address || state.remote.port !== remote.port) return
    this.#again(backOffMs(0, this.#needs.ids))
  }

  /** Takes it back, 2 s at most, and asks nothing more. */
  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    this.#timer?.cancel()
    if (this.#running || this.#state.type !== 'refused') await this.#ask(0, GOODBYE_MS).catch(() => {})
    this.#become({ type: 'unregistered' })
  }

  async #register(): Promise<void> {
    let reply = await this.#ask(this.#expiresSeconds)
    const least = reply.outcome === 'answered' && reply.status === 423 ? minExpiresOf(reply.headers) : undefined
    if (least !== undefined && least > this.#expiresSeconds && this.#started) {
      this.#expiresSeconds = least
      reply = await this.#ask(least)
    }
    if (this.#started) this.#take(reply)
  }

  #take(reply: Reply): void {
    if (reply.outcome === 'answered' && reply.status < 300) {
      const expires_seconds = grantedSeconds(reply.headers, this.#options.contactUser, this.#expiresSeconds)
      if (expires_seconds > 0) {
        this.#failures = 0
        this.#become({ type: 'registered', expires_seconds, remote: reply.remote, transport: reply.transport })
        this.#again(this.#refreshInMs(expires_seconds))
        return
      }
    }
    const retry_in_ms = this.#retryInMs(reply)
    if (reply.outcome === 'answered') {
      const { status, reason_phrase } = reply
      this.#become({ type: 'refused', status, reason_phrase, retry_in_ms })
    } else this.#become({ type: 'unreachable', reply, retry_in_ms })
    this.#again(retry_in_ms)
  }

  /** It could not even be asked: tried again like one that nobody answers. */
  #failed(error: unknown): void {
    if (!this.#started) return
    const why = error instanceof Error ? error.message : String(error)
    this.#take({ outcome: 'unreachable', tried: [], error: why })
  }

  #ask(expires: number, timeoutMs?: number): Promise<Reply> {
    const { contactUser: user, registrar: uri, aor, via, credentials } = this.#options
    return this.#needs.ask({
      ...{ method: 'REGISTER', uri, from: `<${aor}>`, to: `<${aor}>`, callId: this.#callId },
      nextCSeq: () => ++this.#cseq,
      contact: { user, parameters: new Map([['expires', String(expires)]]) },
      headers: { Expires: String(expires) },
      ...(via ? { via } : {}),
      ...(credentials ? { credentials } : {}),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
  }

  /** After half to three quarters of its time, by lot: there is time to try again, and a thousand do not come at once. */
  #refreshInMs(seconds: number): number {
    return seconds * 500 + this.#needs.ids.integer(seconds * 250 + 1)
  }

  #retryInMs(reply: Reply): number {
    const seconds = reply.outcome === 'answered' ? (retryAfterOf(reply.headers) ?? 0) : 0
    return Math.max(backOffMs(this.#failures++, this.#needs.ids), Math.min(seconds, MOST_RETRY_AFTER_SECONDS) * 1_000)
  }

  #again(inMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#needs.clock.after(inMs, () => this.start())
  }

  #become(state: RegistrationState): void {
    this.#state = state
    this.#needs.changed(state)
  }
}
