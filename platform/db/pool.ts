import { InvariantError } from '#platform/errors'
import type { Clock, Timer } from '#platform/time'
import { judgeFailure } from './failure.ts'
import { OftenAsked } from './often-asked.ts'
import { parameterValue } from './parameter-value.ts'
import type { Asked } from './pipeline.ts'
import type { Result, Session } from './session.ts'
import { DatabaseUnavailable, type Unavailability } from './unavailable.ts'

/** As the query builder says them. */
const BEGIN = 'begin'
const COMMIT = 'commit'
const ROLLBACK = 'rollback'

export interface PoolOptions {
  clock: Clock
  open(signal: AbortSignal): Promise<Session>
  /** Connections at most. */
  size: number
  /** Queries that may wait for a connection; the next one is refused. */
  maxWaiters: number
  /** How long an unused connection is kept. */
  idleMs: number
  /** How long opening one may take. */
  openMs: number
}

/** Until when a connection is wanted. */
export interface Until {
  untilMs: number
  signal?: AbortSignal
}

interface Waiter {
  give(session: Session): void
  refuse(error: unknown): void
}

/**
 * A few connections for many askers. Bounded at every end: connections, openings under way, askers that wait; and each
 * asker has a deadline, at which a connection that it holds is cut.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: { session: Session; timer: Timer }[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #closing = new AbortController()
  readonly #all = new Set<Session>()
  readonly #often = new OftenAsked()
  #opening = 0
  #retry: Timer | undefined
  #paused = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Askers that wait for a connection. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** Opens no connection while the server is known to be away, so that a stalled one finds no crowd when it wakes. */
  set paused(paused: boolean) {
    this.#paused = paused
    if (!paused) this.#pump()
  }

  /** A connection until the deadline; whoever takes it gives it back by `release`. */
  async lease(until: Until): Promise<Lease> {
    const session = await this.#acquire(until)
    return new Lease(session, until, this.#often, this.#options.clock, (keep) => this.#release(session, keep))
  }

  close(): void {
    this.#closing.abort()
    this.#retry?.cancel()
    for (const waiter of [...this.#waiters]) waiter.refuse(new DatabaseUnavailable('closed'))
    for (const { session, timer } of this.#idle.splice(0)) {
      timer.cancel()
      void session.end()
    }
  }

  /** Cuts what is still lent out; after `close`. */
  cut(): void {
    for (const session of this.#all) session.destroy()
  }

  /** Connections that are open. */
  get size(): number {
    return this.#all.size
  }

  #acquire(until: Until): Promise<Session> {
    const { clock, maxWaiters } = this.#options
    if (this.#closing.signal.aborted) return Promise.reject(new DatabaseUnavailable('closed'))
    if (until.signal?.aborted) return Promise.reject(new DatabaseUnavailable('aborted'))
    const idle = this.#takeIdle()
    if (idle) return Promise.resolve(idle)
    if (this.#waiters.size >= maxWaiters) return Promise.reject(new DatabaseUnavailable('overloaded'))
    return new Promise<Session>((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        timer.cancel()
        until.signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        give: (session) => {
          leave()
          resolve(session)
        },
        refuse: (error) => {
          leave()
          reject(error)
        },
      }
      const abort = () => waiter.refuse(new DatabaseUnavailable('aborted'))
      const leftMs = until.untilMs - clock.monotonicMs()
      const timer = clock.after(leftMs, () => waiter.refuse(new DatabaseUnavailable('timeout')))
      until.signal?.addEventListener('abort', abort)
      this.#waiters.add(waiter)
      this.#pump()
    })
  }

  #takeIdle(): Session | undefined {
    for (let entry = this.#idle.pop(); entry; entry = this.#idle.pop()) {
      entry.timer.cancel()
      if (!entry.session.lost) return entry.session
    }
    return undefined
  }

  #release(session: Session, keep: boolean): void {
    if (!keep || session.lost || this.#closing.signal.aborted) {
      if (keep && !session.lost) void session.end()
      else session.destroy()
      this.#pump()
      return
    }
    const [waiter] = this.#waiters
    if (waiter) {
      waiter.give(session)
      return
    }
    const timer = this.#options.clock.after(this.#options.idleMs, () => {
      const at = this.#idle.findIndex((entry) => entry.session === session)
      if (at >= 0) this.#idle.splice(at, 1)
      void session.end()
    })
    this.#idle.push({ session, timer })
  }

  /** Opens as many connections as there are askers and room. */
  #pump(): void {
    if (this.#closing.signal.aborted || this.#paused || this.#retry) return
    while (this.#opening < this.#waiters.size && this.#all.size + this.#opening < this.#options.size) void this.#open()
  }

  async #open(): Promise<void> {
    const { clock, open, openMs } = this.#options
    this.#opening++
    const giveUp = new AbortController()
    const timer = clock.after(openMs, () => giveUp.abort())
    try {
      const session = await open(AbortSignal.any([giveUp.signal, this.#closing.signal]))
      this.#opening--
      this.#all.add(session)
      session.onLost(() => {
        this.#all.delete(session)
        this.#pump()
      })
      this.#release(session, true)
    } catch {
      this.#opening--
      if (this.#closing.signal.aborted || this.#retry) return
      this.#retry = clock.after(50, () => {
        this.#retry = undefined
        this.#pump()
      })
    } finally {
      timer.cancel()
    }
  }
}

/**
 * A connection that somebody holds until the deadline; after its first failure of the server it only fails. Statements of a
 * transaction that do not wait for each other travel together.
 */
export class Lease {
  readonly #session: Session
  readonly #often: OftenAsked
  readonly #giveBack: (keep: boolean) => void
  readonly #timer: Timer
  readonly #signal: AbortSignal | undefined
  readonly #abort = () => this.#cut('aborted')
  #failure: DatabaseUnavailable | undefined
  #released = false
  #inTransaction = false
  /** What has not been sent. */
  readonly #gathered: Asked[] = []
  #isSending = false

  constructor(session: Session, until: Until, often: OftenAsked, clock: Clock, giveBack: (keep: boolean) => void) {
    this.#session = session
    this.#often = often
    this.#giveBack = giveBack
    this.#signal = until.signal
    this.#timer = clock.after(until.untilMs - clock.monotonicMs(), () => this.#cut('timeout'))
    this.#signal?.addEventListener('abort', this.#abort)
    if (this.#signal?.aborted) this.#cut('aborted')
  }

  get processID(): number {
    return this.#session.backend
  }

  async query<Row = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<Result<Row>> {
    if (this.#failure) throw this.#failure
    if (this.#released) throw new InvariantError('a connection was asked after it was given back')
    try {
      const asked = { text, values: values.map(parameterValue), isPrepared: this.#often.isOften(text, values) }
      return await new Promise<Result<Row>>((resolve, reject) =>
        this.#ask({ ...asked, give: (result) => resolve(result as Result<Row>), refuse: reject }),
      )
    } catch (error) {
      if (this.#failure) throw this.#failure
      const judged = judgeFailure(error)
      if (judged instanceof DatabaseUnavailable) this.#failure = judged
      throw judged
    }
  }

  #ask(asked: Asked): void {
    const { text } = asked
    if (text === BEGIN) {
      this.#inTransaction = true
      this.#gathered.push({ ...asked, give: () => {} })
      asked.give({ command: 'BEGIN', rowCount: 0, rows: [] }) // it goes along with the first statement
      return
    }
    this.#gathered.push(asked)
    if (!this.#inTransaction) this.#send()
    else if (!this.#isSending) {
      this.#isSending = true
      afterPromises(() => this.#send())
    }
    if (text === COMMIT || text === ROLLBACK) this.#inTransaction = false
  }

  #send(): void {
    this.#isSending = false
    const asked = this.#gathered.splice(0)
    if (asked.length === 0) return
    const pipeline = this.#session.pipeline(asked, (failure) => {
      if (failure !== undefined) for (const each of pipeline.left) each.refuse(failure)
    })
  }

  /** Gives the connection back; one that failed, or that stands in an unknown state, is cut. */
  release(destroy = false): void {
    if (this.#released) return
    this.#released = true
    this.#timer.cancel()
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#giveBack(!destroy && !this.#failure)
  }

  #cut(why: Unavailability): void {
    if (this.#released) return
    this.#failure ??= new DatabaseUnavailable(why)
    this.#session.destroy()
  }
}

/**
 * Runs when the promises of this turn have led wherever they lead: statements that are asked side by side are then on their way,
 * and so is a commit that waited for that.
 */
function afterPromises(run: () => void): void {
  process.nextTick(() => queueMicrotask(() => process.nextTick(run)))
}
