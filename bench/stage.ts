import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type DatabasePlace, databaseProcesses, familyOf, Platform, pause, proportionalBytes } from '#testkit'
import type { HttpFigures, HttpLoad } from './clients/http-load.ts'
import type { SinkSaid } from './clients/webhook-sink.ts'
import { Program } from './program.ts'

/** The compile cache of `npm start`. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/strowger', import.meta.url))
const NIL = '00000000-0000-0000-0000-000000000000'
/** Tables whose size is told: what stood on the disk. */
const COUNTED = ['calls', 'flows', 'activeflows', 'ledger', 'extensions']

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10

/** Processor time that these have used so far, milliseconds. */
export function processorMs(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // it ended while we looked
    }
  }
  return ticks * TICK_MS
}

/** The platform under measurement with its webhook receiver; started when a suite first asks for it. */
export class Stage {
  readonly platform: Platform
  readonly #sink: Program<SinkSaid>
  readonly #programs: { stop(): Promise<void> }[] = []
  readonly #webhookLags: number[] = []

  private constructor(platform: Platform, sink: Program<SinkSaid>) {
    this.platform = platform
    this.#sink = sink
  }

  /** A first run, with a webhook reader on. `profile`: a folder for CPU profiles of the platform's threads. */
  static async set(profile: string | undefined): Promise<Stage> {
    process.env.NODE_COMPILE_CACHE = COMPILE_CACHE
    if (profile !== undefined) process.env.NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${profile}`
    const platform = await Platform.start({
      ANONYMOUS_CALLS_PER_SECOND: '1000000',
      ANONYMOUS_CALLS_AT_ONCE: '1000000',
      SANDBOX_CARRIER: 'on', // as `npm start` has it
    })
    delete process.env.NODE_OPTIONS
    const sink = new Program<SinkSaid>('clients/webhook-sink.ts', {})
    const stage = new Stage(platform, sink)
    stage.#programs.push(sink)
    const said = await sink.next()
    if (!('port' in said)) throw new Error('the webhook receiver did not say its port')
    await stage.api('PUT', '/customer', {
      ...{ name: 'Bench', detail: '', email: 'bench@strowger.localhost', phone_number: '', address: '' },
      ...{ webhook_method: 'POST', webhook_uri: `http://127.0.0.1:${said.port}/` },
    })
    return stage
  }

  get sipPort(): number {
    return Number(this.platform.environment.STROWGER_SIP_PORT)
  }

  get httpPort(): number {
    return Number(this.platform.environment.STROWGER_HTTP_PORT)
  }

  /** The headers with which the sample customer asks. */
  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.platform.credentials.customer.accesskey}` }
  }

  /** Asks the API; anything but 200 ends the bench. */
  async api<T = { id: string }>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.platform.api(method, path, body)
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** Puts a flow of these actions on the sample number and gives the number. */
  async numberThat(actions: readonly object[]): Promise<string> {
    const flow = await this.api('POST', '/flows', { name: 'bench', detail: '', actions })
    const { id, number } = await this.sampleNumber()
    await this.answerBy(id, flow.id)
    return number
  }

  /** SIP messages that were sent again since the start, by the platform or to it. */
  async retransmissions(): Promise<number> {
    const text = await (await fetch(`${this.platform.http}/metrics`)).text()
    const counts = text.matchAll(/what="retransmissions_(?:sent|received)"\} (\d+)/g)
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  /** The virtual number of the first run: anybody may call it. */
  async sampleNumber(): Promise<{ id: string; number: string }> {
    const { result } = await this.api<{ result: { id: string; number: string; type: string }[] }>('GET', '/numbers')
    const found = result.find(({ type }) => type === 'virtual')
    if (!found) throw new Error('the sample customer has no virtual number')
    return found
  }

  /** Lets a flow answer a number. */
  async answerBy(number_id: string, flow_id: string): Promise<void> {
    await this.api('PUT', `/numbers/${number_id}/flow_ids`, { call_flow_id: flow_id, message_flow_id: NIL })
  }

  /** Starts a load generator or baseline that ends with the stage at the latest. */
  start<Said>(file: string, options: unknown): Program<Said> {
    const program = new Program<Said>(file, options)
    this.#programs.push(program)
    return program
  }

  /** Runs a load generator to its end. */
  async run<Said>(file: string, options: unknown): Promise<Said> {
    const program = this.start<Said>(file, options)
    try {
      return await program.next()
    } finally {
      await program.stop()
    }
  }

  /** Puts HTTP load on the platform's API, or on another port. */
  http(load: Partial<HttpLoad> & Pick<HttpLoad, 'method' | 'path' | 'expect'>): Promise<HttpFigures> {
    const usual = { connections: 16, warmUpMs: 2_500, measureMs: 2_500, mostRequests: 1_000_000 }
    return this.run('clients/http-load.ts', { port: this.httpPort, headers: this.headers, ...usual, ...load })
  }

  /** Resolves when every webhook has been delivered (nothing came for half a second); gives how many have come at all. */
  async webhooksDelivered(withinMs = 20_000): Promise<{ received: number; tookMs: number }> {
    const startMs = performance.now()
    let last = { received: -1, atMs: startMs }
    for (;;) {
      const received = await this.#received()
      const nowMs = performance.now()
      if (received !== last.received) last = { received, atMs: nowMs }
      else if (nowMs - last.atMs > 500 || nowMs - startMs > withinMs) return { received, tookMs: last.atMs - startMs }
      await pause(100)
    }
  }

  async #received(): Promise<number> {
    this.#sink.tell()
    const said = await this.#sink.next()
    if (!('received' in said)) return 0
    this.#webhookLags.push(...said.lagsMs)
    return said.received
  }

  /** How old webhooks were, in milliseconds, of events that say when they were made; in the order in which they came. */
  webhookLags(): readonly number[] {
    return this.#webhookLags
  }

  /** Every process of the platform, PostgreSQL included. */
  processes(): number[] {
    return [...new Set([...familyOf(this.platform.child.pid), ...databaseProcesses(this.platform)])]
  }

  /** Proportional set size of everything, bytes. */
  memory(): number {
    return proportionalBytes(this.processes())
  }

  /**
   * Runs work and gives the processor time of everything meanwhile, divided by the number that `count` finds in what came
   * of it, as text. Unlike a rate it hardly depends on what else the machine does.
   */
  async processorTime<R>(work: () => Promise<R>, count: (result: R) => number): Promise<{ result: R; each: string }> {
    const before = processorMs(this.processes())
    const result = await work()
    const spent = processorMs(this.processes()) - before
    return { result, each: `${(spent / Math.max(1, count(result))).toPrecision(3)} ms of processor time each` }
  }

  /** Starts the platform anew on what it has on disk: what was measured before leaves nothing in its memory. */
  async restart(): Promise<void> {
    await this.platform.child.stop('SIGTERM', 8_000)
    await this.platform.run()
  }

  /** Where its PostgreSQL is. */
  database(): DatabasePlace {
    return this.platform.database()
  }

  /** Rows of the larger tables. */
  async rows(): Promise<Record<string, number>> {
    const client = new pg.Client(this.database())
    await client.connect()
    const counts: Record<string, number> = {}
    for (const table of COUNTED) {
      const { rows } = await client.query(`select count(*)::int as count from ${table}`)
      counts[table] = rows[0].count
    }
    await client.end()
    return counts
  }

  /** Text that nobody has used before. */
  fresh(): string {
    return randomBytes(6).toString('hex')
  }

  /** Ends everything and removes the data. */
  async strike(): Promise<void> {
    for (const program of this.#programs) await program.stop()
    await this.platform.stop()
  }
}
