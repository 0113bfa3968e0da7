import type { Bus, Subscription } from '#platform/bus'
import { ReasonedError } from '#platform/errors'
import { LEDGER_MOVED, type PublicEvents } from '#platform/events'
import { apiErrors, type Identity, type SocketRequest } from '#platform/http'
import type { Log } from '#platform/log'
import type { Counter, Metrics } from '#platform/metrics'
import type { Clock, Timer } from '#platform/time'
import { Connection } from './connection.ts'
import { CloseCode } from './contract.ts'
import { FanOut } from './fan-out.ts'
import { Feed } from './feed.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import type { Backlog } from './outbox.ts'
import { Places } from './places.ts'
import { type AgentOwners, Session } from './session.ts'

export interface WebSocketsNeeds {
  events: PublicEvents
  bus: Bus
  clock: Clock
  log: Log
  metrics: Metrics
  agents: AgentOwners
  limits?: Partial<Limits>
}

/** What the URL may say. */
export interface ConnectQuery {
  sequence?: boolean
  after?: number
}

type Asked = SocketRequest<unknown, ConnectQuery>

/** An open connection with what has to be looked at now and then. */
interface Open {
  connection: Connection
  identity: Identity
  authenticateAgain: Asked['authenticateAgain']
  checkMs: number
  checking: boolean
}

/** Connections are looked after in turns, a share of them each time, so that none of it takes long. */
const SHARES = 4
const TICK_MS = 1_000 / SHARES
/**
 * How often it is asked whether the credentials still hold, and how old what is remembered may be then: together the
 * longest time for which a connection outlives them.
 */
const CHECK_EVERY_MS = 3_000
const KNOWN_FOR_MS = 1_000
const PING_WITHIN_S = 10
/** The ledger and the database are asked by so many at the same time, so that requests find room beside them. */
const READERS = 2
const CHECKERS = 2
const AGAIN_MS = 1_000
/** How long a client has to answer the goodbye of a server that stops. */
const GOODBYE_MS = 1_000
/** When a customer with as many sockets as it may have should ask again. */
const RETRY_AFTER_SECONDS = 60

/**
 * Brings public events to everybody who follows them over a WebSocket, live. One process serves the connections that it
 * accepted, with a reader of the ledger for each customer that somebody listens to.
 */
export class WebSockets {
  readonly #needs: WebSocketsNeeds
  readonly #limits: Limits
  readonly #feeds = new Map<string, Feed>()
  readonly #shares: Set<Open>[] = Array.from({ length: SHARES }, () => new Set())
  readonly #perCustomer = new Map<string, number>()
  readonly #fanOut = new FanOut()
  readonly #reading = new Places(READERS)
  readonly #checking = new Places(CHECKERS)
  readonly #backlog: Backlog = { bytes: 0 }
  readonly #delivered: Counter
  readonly #closed: Counter<'code'>
  #count = 0
  #accepted = 0
  #ticks = 0
  #timer: Timer | undefined
  #subscription: Subscription | undefined
  #looking = false
  #stopping = false
  #allGone: (() => void) | undefined

  constructor(needs: WebSocketsNeeds) {
    const { metrics } = needs
    this.#needs = needs
    this.#limits = { ...DEFAULT_LIMITS, ...needs.limits }
    this.#delivered = metrics.counter('websocket_events_total', 'Events sent to WebSockets.')
    this.#closed = metrics.counter('websocket_closed_total', 'WebSockets that ended, by close code.', ['code'])
    metrics.gauge('websocket_connections', 'Open WebSockets.', [], (gauge) => gauge.set(this.#count))
    metrics.gauge('websocket_backlog_bytes', 'What waits for WebSockets that read slowly.', [], (gauge) =>
      gauge.set(this.#backlog.bytes),
    )
  }

  start(): void {
    this.#subscription = this.#needs.bus.subscribe(LEDGER_MOVED, (body) => {
      for (const customer of customersOf(body)) this.#feeds.get(customer)?.wake()
    })
    this.#tick()
  }

  /** Says goodbye to everybody (1001) and cuts who does not answer within a second. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#subscription?.unsubscribe()
    this.#timer?.cancel()
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve
      if (this.#count === 0) resolve()
    })
    const all = this.#shares.flatMap((share) => [...share])
    for (const { connection } of all) connection.close(CloseCode.GoingAway, 'the server stops')
    const cut = this.#needs.clock.after(GOODBYE_MS, () => {
      for (const { connection } of all) connection.cut()
    })
    await gone
    cut.cancel()
  }

  /** The handler of the endpoint: refuses by throwing, or accepts. */
  connect(request: Asked): void {
    const { identity, customer } = request
    if (identity.kind === 'delegate') throw apiErrors.DIRECT_ACCESS_NOT_SUPPORTED()
    if (this.#stopping || this.#count >= this.#limits.connections) throw apiErrors.SERVICE_UNAVAILABLE()
    if ((this.#perCustomer.get(customer) ?? 0) >= this.#limits.connectionsPerCustomer)
      throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: RETRY_AFTER_SECONDS })
    const socket = request.accept()
    const { backlog, limits, number } = { backlog: this.#backlog, limits: this.#limits, number: this.#accepted++ }
    const { clock } = this.#needs
    const { after, sequence = false } = request.query
    const connection = new Connection({
      ...{ socket, backlog, limits, clock },
      numbered: sequence || after !== undefined,
      firstPingMs: ((number % PING_WITHIN_S) + 1) * 1_000,
      onText: (text) => session.receive(text),
      onDelivered: () => this.#delivered.inc(),
      onEnd: (code) => {
        this.#closed.inc({ code: String(code) })
        session.end()
      },
    })
    const session = new Session({
      ...{ connection, identity, after },
      request_id: request.request_id,
      feedOf: (id) => this.#feeds.get(id),
      openFeed: (id) => this.#openFeed(id),
      agents: this.#needs.agents,
    })
    const { authenticateAgain } = request
    const checkMs = clock.monotonicMs() + CHECK_EVERY_MS
    const open: Open = { connection, identity, authenticateAgain, checkMs, checking: false }
    const share = this.#shares[number % SHARES]
    share?.add(open)
    this.#counted(customer, 1)
    socket.once('close', () => {
      share?.delete(open)
      this.#counted(customer, -1)
    })
  }

  #counted(customer: string, by: 1 | -1): void {
    this.#count += by
    const left = (this.#perCustomer.get(customer) ?? 0) + by
    if (left > 0) this.#perCustomer.set(customer, left)
    else this.#perCustomer.delete(customer)
    if (this.#count === 0) this.#allGone?.()
  }

  #openFeed(customer: string): Feed {
    const known = this.#feeds.get(customer)
    if (known) return known
    const feed: Feed = new Feed(customer, {
      events: this.#needs.events,
      fanOut: this.#fanOut,
      reading: this.#reading,
      onIdle: () => {
        feed.close()
        if (this.#feeds.get(customer) === feed) this.#feeds.delete(customer)
      },
      onFailure: (error) => this.#pause(error),
    })
    this.#feeds.set(customer, feed)
    return feed
  }

  #pause(error: unknown): Promise<void> {
    this.#needs.log.debug({ error }, 'events for WebSockets could not be read')
    return new Promise((resolve) => this.#needs.clock.after(AGAIN_MS, resolve))
  }

  #tick(): void {
    const nowMs = this.#needs.clock.monotonicMs()
    const turn = this.#ticks++ % SHARES
    for (const open of this.#shares[turn] ?? []) {
      open.connection.beat()
      if (nowMs >= open.checkMs && !open.checking && !open.connection.closed) void this.#check(open)
    }
    if (turn === 0) void this.#look()
    this.#timer = this.#needs.clock.after(TICK_MS, () => this.#tick())
  }

  /** The net under the pokes. */
  async #look(): Promise<void> {
    if (this.#looking || this.#feeds.size === 0) return
    this.#looking = true
    try {
      const heads = await this.#needs.events.heads([...this.#feeds.keys()])
      for (const [customer, feed] of this.#feeds) feed.seen(heads.get(customer) ?? 0)
    } catch (error) {
      this.#needs.log.debug({ error }, 'WebSockets wait for the database')
    }
    this.#looking = false
  }

  /** Ends a connection whose credentials no longer hold. With the database away nobody knows, and it stays. */
  async #check(open: Open): Promise<void> {
    const { connection, identity, authenticateAgain } = open
    open.checking = true
    try {
      const now = await this.#checking.take(() => authenticateAgain({ noOlderThanMs: KNOWN_FOR_MS }))
      if (!isSame(identity, now)) connection.close(CloseCode.Credentials, 'the permission has changed')
    } catch (error) {
      if (isRefusal(error)) connection.close(CloseCode.Credentials, error.reason)
    }
    open.checking = false
    open.checkMs = this.#needs.clock.monotonicMs() + CHECK_EVERY_MS
  }
}

function isRefusal(error: unknown): error is ReasonedError {
  return error instanceof ReasonedError && (error.http === 401 || error.http === 403)
}

function isSame(before: Identity, now: Identity): boolean {
  return (
    before.kind === now.kind &&
    before.customer_id === now.customer_id &&
    before.agent_id === now.agent_id &&
    before.permission === now.permission
  )
}

function customersOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('customers' in body) || !Array.isArray(body.customers)) return []
  return body.customers.filter((each) => typeof each === 'string')
}
