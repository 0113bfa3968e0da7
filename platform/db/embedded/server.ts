import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { Connection } from '../database.ts'
import { sqlState } from '../failure.ts'
import { Session } from '../session.ts'
import { type Account, dropTo } from './account.ts'
import {
  type Binaries,
  type BinarySearch,
  copyBinaries,
  findBinaries,
  isReachable,
  noBinaries,
  runs,
} from './binaries.ts'
import { createCluster, USER } from './create-cluster.ts'
import { type ClusterHome, clusterHome, own, PORT } from './home.ts'
import { isAlive, isPostmaster, runningPostmaster } from './postmaster.ts'
import { DatabaseRefused } from './refused.ts'

export interface ServerOptions {
  /** The folder of everything that lasts. */
  dataDir: string
  /** `STROWGER_DATABASE_URL`: somebody else's server, which is neither started nor stopped. */
  databaseUrl?: string | undefined
  clock: Clock
  log: Log
  /** Where to look for binaries, instead of the usual places. */
  search?: BinarySearch
  /** Where clusters live that cannot live below `dataDir` (`/var/lib/strowger`). */
  elsewhere?: string
  /** Settings of the server beyond the usual ones. */
  settings?: Readonly<Record<string, string>>
}

/** A PostgreSQL to connect to. */
export interface PostgresServer {
  readonly connection: Connection
  /** Whose it is: given by its URL, or run by us from one of the two kinds of binaries. */
  readonly origin: 'url' | 'npm' | 'system'
  /** How it was found: started now, or still running from an earlier life of ours. */
  readonly found: 'started' | 'running'
  /** The server's main process; undefined for one given by its URL. */
  readonly pid: number | undefined
  /**
   * Stops it, cleanly and within seconds, unless another process of ours still uses it; resolves when it is down. A server
   * given by its URL is left alone.
   */
  stop(): Promise<void>
  /** Lets go of it without stopping it: nothing watches over it any longer. */
  release(): void
}

/** Finds the database server: the one of the URL, else one of our own, started or taken over. */
export async function openServer(options: ServerOptions): Promise<PostgresServer> {
  if (options.databaseUrl !== undefined) {
    const connection = { url: options.databaseUrl }
    return { connection, origin: 'url', found: 'running', pid: undefined, stop: async () => {}, release() {} }
  }
  const account = dropTo()
  const binaries = findBinaries(options.search)
  const first = binaries[0]
  if (!first) throw noBinaries()
  const home = clusterHome({
    dataDir: options.dataDir,
    binaries: first,
    account,
    elsewhere: options.elsewhere ?? '/var/lib/strowger',
  })
  const chosen = choose(binaries, home, account)
  const server = new EmbeddedServer(options, home, chosen, account)
  await server.start()
  return server
}

/** The first binaries that run here; which is tried only before a cluster is made, to keep later starts short. */
function choose(all: readonly Binaries[], home: ClusterHome, account: Account | undefined): Binaries {
  const isNew = !existsSync(join(home.data, 'PG_VERSION'))
  for (const each of all) {
    const usable =
      account && !isReachable(each, account) && each.root ? copyBinaries(each, join(home.folder, 'binaries')) : each
    if (!isNew || runs(usable, account)) return usable
  }
  throw noBinaries()
}

/**
 * What the server is told: small, quiet, durable. `detached` and a log file rather than a pipe let it outlive a crash of
 * ours; the next start takes it over.
 */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '40',
  shared_buffers: '24MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  min_wal_size: '80MB',
  max_wal_size: '256MB',
  max_wal_senders: '0',
  max_replication_slots: '0',
  max_logical_replication_workers: '0',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  autovacuum_max_workers: '2',
  autovacuum_work_mem: '8MB',
  default_statistics_target: '20',
  jit: 'off',
  synchronous_commit: 'on',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

const START_MS = 60_000
const STOP_MS = 4_000
const LARGEST_LOG_BYTES = 10 << 20

class EmbeddedServer implements PostgresServer {
  readonly connection: Connection
  readonly origin: 'npm' | 'system'
  found: 'started' | 'running' = 'started'
  readonly #options: ServerOptions
  readonly #home: ClusterHome
  readonly #binaries: Binaries
  readonly #account: Account | undefined
  #pid: number | undefined
  #stopping = false
  #watch: Timer | undefined

  constructor(options: ServerOptions, home: ClusterHome, binaries: Binaries, account: Account | undefined) {
    this.#options = options
    this.#home = home
    this.#binaries = binaries
    this.#account = account
    this.origin = binaries.origin
    this.connection = { socketFolder: home.socketFolder, port: PORT, user: USER, database: 'postgres' }
  }

  get pid(): number | undefined {
    return this.#pid
  }

  async start(): Promise<void> {
    createCluster(this.#home, this.#binaries, this.#account)
    await this.#ensureRunning()
    this.#watchPid()
  }

  release(): void {
    this.#stopping = true
    this.#watch?.cancel()
  }

  async stop(): Promise<void> {
    if (this.#stopping) return
    this.release()
    if (this.#pid === undefined || (await this.#isUsedByOthers())) return
    const { log } = this.#options
    for (const [signal, patienceMs] of [
      ['SIGINT', STOP_MS],
      ['SIGQUIT', 1_000],
      ['SIGKILL', 1_000],
    ] as const) {
      signalTo(this.#pid, signal)
      if (await this.#until(patienceMs, () => !isPostmaster(this.#pid ?? 0, this.#home.data))) return
      log.warn({ pid: this.#pid, signal }, 'the database server does not stop')
    }
  }

  /** Takes over a server that runs, or starts one, and waits until it answers. */
  async #ensureRunning(): Promise<void> {
    const giveUpMs = this.#options.clock.monotonicMs() + START_MS
    while (this.#options.clock.monotonicMs() < giveUpMs) {
      const running = runningPostmaster(this.#home)
      this.found = running === undefined ? 'started' : 'running'
      this.#pid = running ?? this.#spawn()
      if (await this.#answers(giveUpMs)) return
      if (this.#stopping) return
      await this.#sleep(50) // it was on its way down, or waits for processes of a predecessor that was killed
    }
    throw new DatabaseRefused(`The database server does not start; it says why in ${this.#home.log}.`)
  }

  #spawn(): number | undefined {
    const { data, folder, log, socketFolder } = this.#home
    if (existsSync(log) && statSync(log).size > LARGEST_LOG_BYTES) truncateSync(log)
    const output = openSync(log, 'a', 0o600)
    own(log, this.#account)
    const settings = {
      ...SETTINGS,
      ...(this.#binaries.major >= 18 ? { io_method: 'sync' } : {}),
      ...this.#options.settings,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    try {
      const child: ChildProcess = spawn(
        join(this.#binaries.bin, 'postgres'),
        ['-D', data, '-k', socketFolder, ...args],
        {
          ...this.#account,
          cwd: folder,
          detached: true,
          stdio: ['ignore', output, output],
          env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
        },
      )
      child.on('error', (error) => this.#options.log.error({ error }, 'the database server cannot be run'))
      child.unref()
      return child.pid
    } finally {
      closeSync(output)
    }
  }

  /** Waits until the server takes a connection; false when its process ends first. */
  async #answers(giveUpMs: number): Promise<boolean> {
    const { clock } = this.#options
    while (clock.monotonicMs() < giveUpMs && !this.#stopping) {
      if (this.#pid === undefined || !isAlive(this.#pid)) return false
      if (existsSync(join(this.#home.socketFolder, `.s.PGSQL.${PORT}`))) {
        try {
          const giveUp = new AbortController()
          const timer = clock.after(1_000, () => giveUp.abort())
          const session = await Session.open(this.connection, { name: 'strowger start' }, giveUp.signal).finally(() =>
            timer.cancel(),
          )
          await session.end()
          return true
        } catch (error) {
          if (sqlState(error) === '28000') throw error
        }
      }
      await this.#sleep(4)
    }
    return false
  }

  /** Starts the server again when it dies, whoever killed it. */
  #watchPid(): void {
    this.#watch = this.#options.clock.after(200, async () => {
      if (this.#stopping) return
      if (this.#pid === undefined || !isAlive(this.#pid)) {
        this.#options.log.error({ pid: this.#pid }, 'the database server died; starting it again')
        try {
          await this.#ensureRunning()
        } catch (error) {
          this.#options.log.error({ error }, 'the database server does not start again')
        }
      }
      if (!this.#stopping) this.#watchPid()
    })
  }

  /** Whether another process of ours is connected: a new incarnation beside a draining one. */
  async #isUsedByOthers(): Promise<boolean> {
    try {
      const giveUp = new AbortController()
      const timer = this.#options.clock.after(1_000, () => giveUp.abort())
      const session = await Session.open(this.connection, { name: 'strowger stop' }, giveUp.signal)
      giveUp.signal.addEventListener('abort', () => session.destroy())
      const { rows } = await session.query<{ users: number }>(
        `SELECT count(*) AS users FROM pg_stat_activity
         WHERE application_name LIKE 'strowger % health' AND pid <> pg_backend_pid()`,
      )
      timer.cancel()
      await session.end()
      return (rows[0]?.users ?? 0) > 0
    } catch {
      return false
    }
  }

  async #until(patienceMs: number, holds: () => boolean): Promise<boolean> {
    const endMs = this.#options.clock.monotonicMs() + patienceMs
    while (this.#options.clock.monotonicMs() < endMs) {
      if (holds()) return true
      await this.#sleep(5)
    }
    return holds()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, resolve)
    })
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already.
  }
}
