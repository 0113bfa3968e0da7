import { Socket } from 'node:net'
import pg from 'pg'
import { columnTypes } from './column-types.ts'
import type { Connection } from './database.ts'
import { type Asked, Pipeline, type Statements } from './pipeline.ts'
import { sharePriority } from './priority.ts'

export interface SessionOptions {
  /** Shown in `pg_stat_activity`. */
  name: string
  /** Settings of the session beyond the usual ones. */
  settings?: Readonly<Record<string, string>>
}

/** What one statement gave. */
export interface Result<Row = Record<string, unknown>> {
  command: string
  rowCount: number
  rows: Row[]
}

/**
 * What every session of ours is told. Text that a server cannot hand over is given up within seconds, so that a client
 * that vanished holds no lock; the time zone is what the reading of timestamps relies on.
 */
const SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  client_connection_check_interval: '2s',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
}

/** One connection to the server; once lost it stays lost. */
export class Session {
  readonly #client: pg.Client
  readonly #socket: Socket
  readonly #statements: Statements = { byText: new Map(), doubtful: [] }
  #lost = false
  #onLost: (() => void)[] = []

  private constructor(client: pg.Client, socket: Socket) {
    this.#client = client
    this.#socket = socket
    const lose = () => {
      if (this.#lost) return
      this.#lost = true
      for (const run of this.#onLost.splice(0)) run()
    }
    client.on('error', lose)
    client.on('end', lose)
    socket.on('close', lose)
  }

  /** Opens a connection; rejects when the server refuses it or `signal` aborts. */
  static async open(connection: Connection, options: SessionOptions, signal?: AbortSignal): Promise<Session> {
    const socket = new Socket()
    const where =
      'url' in connection
        ? { connectionString: connection.url }
        : {
            host: connection.socketFolder,
            port: connection.port,
            user: connection.user,
            database: connection.database,
            ssl: false,
          }
    const client = new pg.Client({ ...where, stream: () => socket, types: columnTypes, application_name: options.name })
    const session = new Session(client, socket)
    const abort = () => socket.destroy()
    signal?.addEventListener('abort', abort)
    try {
      signal?.throwIfAborted()
      await client.connect()
      await client.query(settingStatements({ ...SETTINGS, ...options.settings }))
      if ('socketFolder' in connection) sharePriority(session.backend)
      return session
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Whether the connection is gone. */
  get lost(): boolean {
    return this.#lost
  }

  /** The server's process behind this session. */
  get backend(): number {
    return (this.#client as unknown as { processID: number }).processID
  }

  onLost(run: () => void): void {
    if (this.#lost) run()
    else this.#onLost.push(run)
  }

  /** Runs one statement; under a `name` it is prepared once. */
  async query<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<Result<Row>> {
    const config = { text, values: values as unknown[], ...(name === undefined ? {} : { name }) }
    const result = await this.#client.query(config)
    return { command: result.command, rowCount: result.rowCount ?? 0, rows: result.rows as Row[] }
  }

  /** Asks several statements in one round trip (see `Pipeline`); `ended` hears when the server is done with them. */
  pipeline(asked: readonly Asked[], ended: (failure: unknown) => void): Pipeline {
    const pipeline = new Pipeline(asked, this.#statements, ended)
    this.#client.query(pipeline)
    return pipeline
  }

  /** Runs several statements that take no values, in one go. */
  async script(text: string): Promise<void> {
    await this.#client.query(text)
  }

  /** Cuts the connection; what is under way rejects, and what the server has not committed it takes back. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Says goodbye; a server that does not answer is left. */
  async end(): Promise<void> {
    if (this.#lost) return
    const gone = new Promise<void>((resolve) => this.onLost(resolve))
    this.#client.end().catch(() => {})
    this.#socket.end()
    this.#socket.unref()
    await Promise.race([gone, new Promise((resolve) => setImmediate(() => setImmediate(resolve)))])
    this.#socket.destroy()
  }
}

function settingStatements(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `SET ${name} = '${value.replaceAll("'", "''")}'`)
    .join(';')
}
