import {
  type ConnectionProvider,
  type DatabaseConnection,
  Kysely,
  type KyselyProps,
  PostgresDialect,
  Transaction,
} from 'kysely'
import { InvariantError } from '#platform/errors'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Connection, Database, OpenTransaction } from './database.ts'
import { type Scope, scope } from './deadline.ts'
import { Health } from './health.ts'
import { KEPT_MS, KeyReads } from './key-reads.ts'
import { type Lease, Pool } from './pool.ts'
import { Session } from './session.ts'
import { DatabaseUnavailable } from './unavailable.ts'

export interface DatabaseOptions {
  connection: Connection
  clock: Clock
  log: Log
  /** Who connects, as `pg_stat_activity` shows it, e.g. `call`. */
  name: string
  /** Pooled connections at most (6). One more asks for the server's health. */
  size?: number
  /** Queries that may wait for a connection (1000). */
  maxWaiters?: number
  /** Milliseconds that a query may take where `withDeadline` says nothing shorter (10 000). */
  deadlineMs?: number
}

/** Opens a database: connects when it is first asked something, again whenever it has to. */
export function openDatabase(options: DatabaseOptions): Database {
  return new PooledDatabase(options)
}

class PooledDatabase implements Database {
  readonly connection: Connection
  readonly #clock: Clock
  readonly #log: Log
  readonly #deadlineMs: number
  readonly #pool: Pool
  readonly #health: Health
  readonly #reads: KeyReads
  readonly #kysely: Kysely<unknown>
  readonly #builder: Omit<KyselyProps, 'executor'>
  readonly #listeners: ((topics: ReadonlySet<string>) => void)[] = []

  constructor(options: DatabaseOptions) {
    const { clock, connection, name } = options
    this.connection = connection
    this.#clock = clock
    this.#log = options.log
    this.#deadlineMs = options.deadlineMs ?? 10_000
    const settings = { statement_timeout: '60s', idle_in_transaction_session_timeout: '60s' }
    this.#pool = new Pool({
      clock,
      open: (signal) => Session.open(connection, { name: `strowger ${name}`, settings }, signal),
      size: options.size ?? 6,
      maxWaiters: options.maxWaiters ?? 1_000,
      idleMs: 30_000,
      openMs: 5_000,
    })
    this.#pool.paused = true
    this.#health = new Health({
      clock,
      open: (signal) => Session.open(connection, { name: `strowger ${name} health` }, signal),
      changed: (available) => {
        this.#pool.paused = !available
        if (available) this.#log.info({ database: name }, 'the database answers')
        else this.#log.warn({ database: name }, 'the database does not answer')
      },
    })
    this.#reads = new KeyReads({
      clock,
      open: (signal) => Session.open(connection, { name: `strowger ${name} reads`, settings }, signal),
    })
    const pool = { options: {}, end: async () => {}, connect: () => this.#lease() }
    const dialect = new PostgresDialect({ pool: pool as never })
    this.#builder = { config: { dialect }, dialect, driver: dialect.createDriver() }
    this.#kysely = new Kysely<unknown>({ dialect })
  }

  kysely<Tables>(): Kysely<Tables> {
    return this.#kysely as unknown as Kysely<Tables>
  }

  async transaction<Tables, R>(work: (trx: OpenTransaction<Tables>) => Promise<R>): Promise<R> {
    const topics = new Set<string>()
    const inner: Scope = { ...this.#scope(), topics }
    const result = await scope.run(inner, () =>
      this.#kysely.connection().execute((held) =>
        held.getExecutor().provideConnection((connection) =>
          this.#inOne<Tables, R>(connection, async (trx) => {
            await inner.fence?.(trx)
            return work(trx)
          }),
        ),
      ),
    )
    for (const listener of this.#listeners) listener(topics)
    return result
  }

  /** Begins, carries out and commits; undone by a throw. The commit may have gone along with the last statements. */
  async #inOne<Tables, R>(
    connection: DatabaseConnection,
    work: (trx: OpenTransaction<Tables>) => Promise<R>,
  ): Promise<R> {
    const { driver } = this.#builder
    let isOver = false
    let committed: Promise<void> | undefined
    const commit = () => {
      isOver = true
      return driver.commitTransaction(connection)
    }
    const rollback = () => {
      isOver = true
      return driver.rollbackTransaction(connection)
    }
    const provideConnection: ConnectionProvider['provideConnection'] = async (use) => {
      if (isOver) throw new InvariantError('a transaction was asked after its commit')
      return use(connection)
    }
    const last = async <Last>(statements: () => Promise<Last>): Promise<Last> => {
      const asked = statements()
      let hasFailed = false
      asked.catch(() => {
        hasFailed = true
      })
      // promises only lead from here to the connection: by the next tick all of them have been asked, or never are; the lease
      // sends what it is asked then along with them
      committed = nextTick().then(() => (hasFailed ? rollback() : commit()))
      committed.catch(() => {}) // what a statement failed with is told first
      const done = await asked
      await committed
      return done
    }
    await driver.beginTransaction(connection, {})
    try {
      const result = await work(this.#open<Tables>({ provideConnection }, last))
      await (committed ?? commit())
      return result
    } catch (error) {
      // behind a statement that failed its commit is not carried out
      await (committed ?? rollback()).catch(() => rollback()).catch(() => {})
      throw error
    }
  }

  /** A transaction whose statements do not wait for each other unless their asker does. */
  #open<Tables>(provider: ConnectionProvider, last: OpenTransaction<Tables>['last']): OpenTransaction<Tables> {
    const executor = this.#kysely.getExecutor().withConnectionProvider(provider)
    const trx = new Transaction<Tables>({ ...this.#builder, executor })
    return Object.assign(trx, { kysely: () => trx, last }) as unknown as OpenTransaction<Tables>
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const lease = await this.#lease()
    try {
      return (await lease.query<Row>(text, values)).rows
    } finally {
      lease.release()
    }
  }

  read<Row extends object>(text: string, values: readonly string[]): Promise<Row[]> {
    const asked = this.#scope()
    // who has little time, or may be called back at any moment, holds a connection that can be cut
    if (asked.signal || asked.untilMs - this.#clock.monotonicMs() < 2 * KEPT_MS) return this.query<Row>(text, values)
    return new Promise((resolve, reject) => {
      this.#reads.add({
        text,
        values,
        isUnwanted: () => {
          if (asked.wanted?.aborted) reject(new DatabaseUnavailable('aborted'))
          return asked.wanted?.aborted ?? false
        },
        give: (rows) => resolve(rows as Row[]),
        refuse: reject,
        alone: () => void scope.run(asked, () => this.query<Row>(text, values)).then(resolve, reject),
      })
    })
  }

  withDeadline<R>(ms: number, work: () => Promise<R>, signal?: AbortSignal): Promise<R> {
    const outer = scope.getStore()
    const signals = [outer?.signal, signal].filter((each) => each !== undefined)
    const inner: Scope = {
      untilMs: Math.min(outer?.untilMs ?? Number.POSITIVE_INFINITY, this.#clock.monotonicMs() + ms),
      ...(signals.length === 0 ? {} : { signal: signals.length === 1 ? signals[0] : AbortSignal.any(signals) }),
      ...(outer?.topics ? { topics: outer.topics } : {}),
      ...(outer?.fence ? { fence: outer.fence } : {}),
      ...(outer?.wanted ? { wanted: outer.wanted } : {}),
    }
    return scope.run(inner, work)
  }

  available(): boolean {
    return this.#health.available
  }

  ready(ms: number): Promise<void> {
    if (this.#health.available) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(ms, () => {
        forget()
        reject(new DatabaseUnavailable('timeout'))
      })
      const forget = this.#health.whenAvailable(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  onCommit(run: (topics: ReadonlySet<string>) => void): void {
    this.#listeners.push(run)
  }

  async close(): Promise<void> {
    this.#health.close()
    this.#reads.close()
    this.#pool.close()
    this.#pool.cut()
  }

  #scope(): Scope & { untilMs: number } {
    const outer = scope.getStore()
    return { ...outer, untilMs: outer?.untilMs ?? this.#clock.monotonicMs() + this.#deadlineMs }
  }

  async #lease(): Promise<Lease> {
    const asked = this.#scope()
    const lease = await this.#pool.lease(asked)
    if (!asked.wanted?.aborted) return lease
    lease.release()
    throw new DatabaseUnavailable('aborted')
  }
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
