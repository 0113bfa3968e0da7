import { randomUUID } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'

const main = fileURLToPath(new URL('../apps/server/main.ts', import.meta.url))

/** How `npm start` runs the program: with these flags of the engine, and these settings of the C library. */
const START: string[] = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).scripts.start.split(' ')
const FLAGS = START.filter((word) => word.startsWith('--'))
const LIBRARY = Object.fromEntries(START.filter((word) => word.startsWith('MALLOC_')).map((word) => word.split('=')))

/** Long: other tests may have the machine. */
const READY_MS = 90_000

/** The sample extensions stand below it. */
const FIRST_EXTENSION = 2_000

/** Tests ask faster than people do: the limits are there and are not reached. */
const GENEROUS_LIMITS = Object.fromEntries(
  ['AUTH_PUBLIC', 'AUTH_PROTECTED', 'V1', 'CUSTOMER_V1', 'CUSTOMER_V1_DIRECT', 'CUSTOMER_V1_DELEGATE'].flatMap(
    (tier) => [
      [`RATE_LIMIT_${tier}_RPS`, '1000000'],
      [`RATE_LIMIT_${tier}_BURST`, '1000000'],
    ],
  ),
)

/** What the first run wrote into `credentials.json`. */
export interface SampleCredentials {
  admin: { username: string; password: string }
  customer: { id: string; name: string; accesskey: string }
  agent: { username: string; password: string }
  extensions: { extension: string; password: string; domain: string }[]
  numbers: string[]
  http: string
  sip: string
  sandbox?: { sip: string; api: string }
}

/** Where a platform's PostgreSQL is. */
export interface DatabasePlace {
  host: string
  port: number
  user: string
  database: string
}

/** The whole platform as its own program, on free ports of 127.0.0.1 and a data folder of its own. */
export class Platform {
  readonly dataDir: string
  readonly environment: NodeJS.ProcessEnv
  credentials!: SampleCredentials
  child!: Child
  #extensions = 0

  private constructor(dataDir: string, environment: NodeJS.ProcessEnv) {
    this.dataDir = dataDir
    this.environment = environment
  }

  /** Starts it with an empty data folder and waits until it is ready. `settings` are names without `STROWGER_`. */
  static async start(settings: Record<string, string> = {}): Promise<Platform> {
    const platform = await Platform.prepare(settings)
    try {
      await platform.run()
    } catch (error) {
      await platform.child.stop('SIGTERM', 8_000) // nobody else knows of it
      throw error
    }
    return platform
  }

  /** The same without starting it. */
  static async prepare(settings: Record<string, string> = {}): Promise<Platform> {
    const dataDir = await mkdtemp(join(tmpdir(), 'strowger-test-'))
    await chmod(dataDir, 0o755)
    const [httpPort, sipPort, rtpPort] = await Promise.all([freePort('tcp'), freePort('sip'), freePort('udp')])
    const rtpFirst = Math.min(rtpPort & ~1, 60_000)
    // as `npm start` has it
    const cache = fileURLToPath(new URL('../node_modules/.cache/strowger', import.meta.url))
    const environment: NodeJS.ProcessEnv = { ...process.env, ...LIBRARY, NODE_COMPILE_CACHE: cache }
    const values = {
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(httpPort),
      SIP_HOST: '127.0.0.1',
      SIP_PORT: String(sipPort),
      RTP_PORTS: `${rtpFirst}-${rtpFirst + 4000}`,
      DATA_DIR: dataDir,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8,::1',
      LOG_LEVEL: 'warn',
      SANDBOX_CARRIER: 'off',
      SANDBOX_CARRIER_PORT: '0',
      ...GENEROUS_LIMITS,
      ...settings,
    }
    for (const [name, value] of Object.entries(values)) environment[`STROWGER_${name}`] = value
    return new Platform(dataDir, environment)
  }

  /** Starts the program on its data folder (again) and waits until API and SIP answer. Gives the milliseconds it took. */
  async run(): Promise<number> {
    const startedMs = performance.now()
    this.launch()
    let gone: number | string | undefined
    this.child.ended.then((code) => {
      gone = code
    })
    await eventually(
      'the platform is ready',
      async () => {
        if (gone !== undefined) throw new Error(`the platform ended (${gone}): ${this.child.output()}`)
        return (await healthy(`http://127.0.0.1:${this.environment.STROWGER_HTTP_PORT}`)) || undefined
      },
      READY_MS,
    )
    const tookMs = performance.now() - startedMs
    this.credentials = JSON.parse(readFileSync(join(this.dataDir, 'credentials.json'), 'utf8'))
    return tookMs
  }

  /** Starts the program on its data folder and waits for nothing. */
  launch(): Child {
    this.child = startChild(process.execPath, [...FLAGS, main], { env: this.environment })
    return this.child
  }

  /** Base URL of the API, without `/v1.0`. */
  get http(): string {
    return `http://127.0.0.1:${this.environment.STROWGER_HTTP_PORT}`
  }

  /** `host:port` of SIP. */
  get sip(): string {
    return `127.0.0.1:${this.environment.STROWGER_SIP_PORT}`
  }

  /** Calls the API as the sample customer; gives status and parsed body. */
  async api(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    const response = await fetch(`${this.http}/v1.0${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.credentials.customer.accesskey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** A new extension of the sample customer, which no other phone has ever registered. */
  async extension(): Promise<{ extension: string; password: string }> {
    const account = { extension: String(FIRST_EXTENSION + this.#extensions++), password: randomUUID() }
    const { status, body } = await this.api('POST', '/extensions', { ...account, name: 'test', detail: '' })
    if (status !== 200) throw new Error(`no extension: ${JSON.stringify(body)}`)
    return account
  }

  /** The data folder of its PostgreSQL. */
  postgresDir(): string {
    return join(this.#clusterHome(), 'data')
  }

  /** Where its PostgreSQL is, as the driver wants to be told. */
  database(): DatabasePlace {
    const lines = readFileSync(join(this.postgresDir(), 'postmaster.pid'), 'utf8').split('\n')
    return { host: lines[4] ?? '', port: Number(lines[3]), user: 'strowger', database: 'postgres' }
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.child.stop('SIGTERM', 8_000)
    const home = this.#clusterHome()
    for (const folder of [home, this.dataDir]) await rm(folder, { recursive: true, force: true })
  }

  /** `DATA_DIR/postgres`, or the folder that it names where the database could not live below the data folder. */
  #clusterHome(): string {
    const inside = join(this.dataDir, 'postgres')
    return lstatSync(inside).isFile() ? readFileSync(inside, 'utf8').trim() : inside
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads parsed answers of every shape
export type Json = any

async function healthy(http: string): Promise<boolean> {
  try {
    return (await fetch(`${http}/health`, { signal: AbortSignal.timeout(1_000) })).status === 200
  } catch {
    return false
  }
}
