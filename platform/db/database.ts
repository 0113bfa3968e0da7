import type { Kysely, Transaction } from 'kysely'

/**
 * One PostgreSQL database, as the managers see it. Every query has a deadline (the one of `withDeadline` around it, else
 * the default of the options); a query that cannot be answered in time, for whatever reason, rejects with
 * `DatabaseUnavailable`. Waiters are bounded, lost connections are replaced, and nothing has to be restarted when the
 * server was away.
 *
 * How values come out: `timestamptz` as wire timestamp (six digits, `Z`), `bigint` as number, `jsonb` parsed, `date`
 * and `numeric` as text. How they go in: objects become `jsonb` by themselves, **arrays do not** (the driver takes them
 * for PostgreSQL arrays): wrap them in `jsonb(value)`.
 */
export interface Database {
  /** Queries of one manager, typed by its own tables. Cheap: every call gives the same object under another type. */
  kysely<Tables>(): Kysely<Tables>
  /**
   * Runs `work` in one transaction and commits; a throw rolls back and comes out as it went in. The connection is taken
   * away when the deadline passes, also between two statements. No network call belongs inside. Statements that are asked
   * at once (`Promise.all`) are carried out in that order and take one round trip; each sees what those before it did, and
   * what others have committed when its turn comes.
   */
  transaction<Tables, R>(work: (trx: OpenTransaction<Tables>) => Promise<R>): Promise<R>
  /** One statement by hand, for what a query builder makes harder to read. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /**
   * The rows that a key names: a `SELECT` by an index, with text for its values, that is quick and gives few rows. Outside
   * of any transaction; reads of the same moment share a round trip. See `keyedRead`.
   */
  read<Row extends object>(text: string, values: readonly string[]): Promise<Row[]>
  /**
   * Every query that is made inside `work`, however deep, rejects with `DatabaseUnavailable` when `ms` milliseconds from
   * now have passed or `signal` aborts. An inner deadline only ever shortens an outer one.
   */
  withDeadline<R>(ms: number, work: () => Promise<R>, signal?: AbortSignal): Promise<R>
  /** Whether the server answers: a ping has come back, and none has been waited for longer than 1 s. */
  available(): boolean
  /** Resolves when the server answers; rejects with `DatabaseUnavailable` after `ms` milliseconds. */
  ready(ms: number): Promise<void>
  /** Calls `run` with what the transaction noted (`noteInTransaction`) each time a transaction has been committed. */
  onCommit(run: (topics: ReadonlySet<string>) => void): void
  /** Where the server is, for connections of one's own (lanes, sequencer). */
  readonly connection: Connection
  /** Closes every connection; waiting queries reject. */
  close(): Promise<void>
}

/** An open transaction, whoever's tables: how one manager lets another one write in the same transaction. */
export interface AnyTransaction {
  /** The transaction, typed by the tables of who writes. */
  kysely<Tables>(): Transaction<Tables>
}

/** A transaction over the tables of who opened it, to be handed on as `AnyTransaction`. */
export type OpenTransaction<Tables> = Transaction<Tables> &
  AnyTransaction & {
    /**
     * Asks the last statements of the transaction, and its commit right behind them: one round trip. Resolves when it is
     * committed; where one of them fails nothing of the transaction stays. `statements` asks all of them at once and
     * catches nothing; the transaction takes nothing more.
     */
    last<R>(statements: () => Promise<R>): Promise<R>
  }

/** Where a server is: a URL, or a unix socket folder with the user and database to use. */
export type Connection = { url: string } | { socketFolder: string; port: number; user: string; database: string }
