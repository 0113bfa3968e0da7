import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Connection } from '../database.ts'
import { mayPass, sqlState } from '../failure.ts'
import { LanesStopped, WriteFenced } from '../lane.ts'
import { Session } from '../session.ts'
import { type PlannedRow, planBatch, type TableRows } from './plan.ts'
import { FENCED, NOT_NEXT, type Statement, tick, write } from './statement.ts'

/** The writes of one `write`: all of them or none. */
export interface Group {
  rows: PlannedRow[]
  bytes: number
  sinceMs: number
  resolve(): void
  reject(error: unknown): void
}

export interface LaneWriterOptions {
  connection: Connection
  clock: Clock
  log: Log
  /** Unique to this lane of this life of the process. */
  lane: string
  /** Called with the tables of every batch that is on disk. */
  written(tables: ReadonlySet<string>): void
  /** Called with each group that is done with, whichever way. */
  settled(group: Group, outcome: 'written' | 'fenced' | 'refused'): void
}

/** A batch takes no more than this, so that no statement grows without bound. */
const MOST_ROWS = 2_000
const MOST_BYTES = 4 << 20
/** A connection that gives no answer for so long is replaced; the batch's number keeps it from being written twice. */
const ANSWER_MS = 15_000
const LONGEST_RETRY_MS = 500

/** One lane: one connection, one batch after the other, in the order given. */
export class LaneWriter {
  readonly #options: LaneWriterOptions
  readonly #queue: Group[] = []
  readonly #closing = new AbortController()
  #session: Session | undefined
  /** The last batch known to be on disk. */
  #batch = 0
  readonly #inHand = new Set<Group>()
  #soon: NodeJS.Immediate | undefined
  #running = false
  #wake: (() => void) | undefined

  constructor(options: LaneWriterOptions) {
    this.#options = options
  }

  add(group: Group): void {
    this.#queue.push(group)
    if (!this.#running && !this.#soon) this.#gather()
  }

  /** When the oldest group that is not settled came; undefined when there is none. */
  get oldestSinceMs(): number | undefined {
    const [first = this.#queue[0]] = this.#inHand
    return first?.sinceMs
  }

  /** Gives up what is left and lets the connection go. */
  close(): void {
    this.#closing.abort()
    clearImmediate(this.#soon)
    this.#wake?.()
    if (this.#running) this.#session?.destroy()
    else void this.#session?.end()
    for (const group of [...this.#inHand, ...this.#queue.splice(0)]) {
      this.#settle(group, 'refused', new LanesStopped())
    }
  }

  /** What is written in the same turn of the event loop shares a commit, and what comes while one is under way. */
  #gather(): void {
    if (this.#queue.length === 0) return
    this.#soon = setImmediate(() => {
      this.#soon = undefined
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    const groups = this.#take()
    for (const group of groups) this.#inHand.add(group)
    await this.#write(groups)
    this.#running = false
    if (!this.#closing.signal.aborted) this.#gather()
  }

  #take(): Group[] {
    let rows = 0
    let bytes = 0
    let count = 0
    for (const group of this.#queue) {
      rows += group.rows.length
      bytes += group.bytes
      if (count > 0 && (rows > MOST_ROWS || bytes > MOST_BYTES)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  /** Writes the groups in one commit; where one of them spoils it, halves them until that one stands alone. */
  async #write(groups: readonly Group[]): Promise<void> {
    const plan = planBatch(groups.flatMap((group) => group.rows))
    const failure = await this.#commit(plan)
    if (this.#closing.signal.aborted) return
    if (failure === undefined) {
      this.#options.written(new Set(plan.map(({ table }) => table.name)))
      for (const group of groups) this.#settle(group, 'written')
      return
    }
    if (groups.length > 1) {
      const half = groups.length >> 1
      await this.#write(groups.slice(0, half))
      await this.#write(groups.slice(half))
      return
    }
    const [group] = groups
    if (!group) return
    if (sqlState(failure) === FENCED) {
      this.#settle(group, 'fenced', new WriteFenced())
      return
    }
    const tables = group.rows.map(({ table }) => table.name)
    this.#options.log.error({ error: failure, tables }, 'a write can never be made and was refused')
    this.#settle(group, 'refused', failure)
  }

  /** Tries until the batch is on disk (`undefined`), or the server says that it never will be (the error). */
  async #commit(plan: readonly TableRows[]): Promise<unknown> {
    const batch = this.#batch + 1
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      try {
        const session = await this.#open()
        if (this.#batch < batch) await this.#send(session, plan, batch)
        this.#batch = batch
        return undefined
      } catch (error) {
        if (sqlState(error) === NOT_NEXT) {
          this.#drop() // an answer was lost: opening again tells where the lane stands
        } else if (mayPass(error)) {
          if (attempt === 0) this.#options.log.warn({ error }, 'a batch waits for the database')
          this.#drop()
          await this.#pause(Math.min(10 * 2 ** attempt, LONGEST_RETRY_MS))
        } else return error
      }
    }
    return new LanesStopped()
  }

  async #send(session: Session, plan: readonly TableRows[], batch: number): Promise<void> {
    const timer = this.#options.clock.after(ANSWER_MS, () => session.destroy())
    try {
      await allOf(session, [tick(this.#options.lane, batch), ...plan.map(write)])
    } finally {
      timer.cancel()
    }
  }

  /** The lane's connection; a new one first learns which batch of the lane is on disk. */
  async #open(): Promise<Session> {
    if (this.#session && !this.#session.lost) return this.#session
    const { connection, clock, lane } = this.#options
    const giveUp = new AbortController()
    const timer = clock.after(ANSWER_MS, () => giveUp.abort())
    const signal = AbortSignal.any([giveUp.signal, this.#closing.signal])
    try {
      const session = await Session.open(connection, { name: 'strowger lane' }, signal)
      const abort = () => session.destroy()
      signal.addEventListener('abort', abort)
      try {
        await session.query("DELETE FROM lane_batches WHERE tm_update < now() - interval '30 days'") // of starts long ago
        await session.query(
          'INSERT INTO lane_batches (lane, batch, tm_update) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING',
          [lane, this.#batch],
        )
        const { rows } = await session.query<{ batch: number }>('SELECT batch FROM lane_batches WHERE lane = $1', [
          lane,
        ])
        this.#batch = rows[0]?.batch ?? this.#batch
      } catch (error) {
        session.destroy()
        throw error
      } finally {
        signal.removeEventListener('abort', abort)
      }
      this.#session = session
      return session
    } finally {
      timer.cancel()
    }
  }

  #drop(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #settle(group: Group, outcome: 'written' | 'fenced' | 'refused', error?: unknown): void {
    this.#inHand.delete(group)
    if (outcome === 'written') group.resolve()
    else group.reject(error)
    this.#options.settled(group, outcome)
  }
}

/** Carries the statements out in one transaction and one round trip; rejects with what the first of them failed with. */
function allOf(session: Session, statements: readonly Statement[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = statements.map((statement) => ({ ...statement, isPrepared: true, give: () => {}, refuse: () => {} }))
    session.pipeline(asked, (failure) => (failure === undefined ? resolve() : reject(failure)))
  })
}
