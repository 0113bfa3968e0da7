import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '#platform/db'
import { type Ids, isUuid } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { DeadIncarnation, Incarnation } from './incarnation.ts'
import { isHeld, LifeLock, sweep } from './lock.ts'

export interface NodeOptions {
  dataDir: string
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  /** Milliseconds between heartbeats (1000). */
  beatMs?: number
  /** Milliseconds that a lease lasts after a heartbeat (15 000). */
  leaseMs?: number
}

const BEAT_MS = 1_000
const LEASE_MS = 15_000
/** A heartbeat that takes longer counts as an interruption: the database did not answer everybody. */
const PATIENCE_MS = 2_000
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/**
 * This life of this node. It keeps a lease in the database, in the database's time, and says which other lives are over:
 * earlier ones of this node at once (they hold no lock in `DATA_DIR`), those of other nodes when their lease has run out
 * although the database has answered without interruption for a whole lease.
 */
export class NodeIdentity implements Incarnation {
  readonly node: string
  readonly incarnation: string
  readonly code: string
  readonly #dataDir: string
  readonly #db: Database
  readonly #clock: Clock
  readonly #log: Log
  readonly #beatMs: number
  readonly #leaseMs: number
  readonly #lock: LifeLock
  #timer: Timer | undefined
  #answeringSinceMs: number | undefined
  /** Since when a heartbeat has been waiting for its answer. */
  #beatingSinceMs: number | undefined
  #ended = false
  #takenOver = false
  #lost: ((by: string) => void)[] = []

  private constructor(options: NodeOptions, node: string, incarnation: string, lock: LifeLock) {
    this.node = node
    this.incarnation = incarnation
    this.code = incarnation
    this.#dataDir = options.dataDir
    this.#db = options.db
    this.#clock = options.clock
    this.#log = options.log
    this.#beatMs = options.beatMs ?? BEAT_MS
    this.#leaseMs = options.leaseMs ?? LEASE_MS
    this.#lock = lock
  }

  /** Begins a life: takes its lock, writes its row, and beats from then on. */
  static async start(options: NodeOptions): Promise<NodeIdentity> {
    const { dataDir, ids } = options
    mkdirSync(dataDir, { recursive: true })
    const node = nodeId(dataDir, ids)
    const incarnation = Array.from({ length: 8 }, () => LETTERS[ids.integer(LETTERS.length)]).join('')
    const lock = await LifeLock.take(dataDir, incarnation)
    await sweep(dataDir)
    const identity = new NodeIdentity(options, node, incarnation, lock)
    try {
      await identity.#begin()
    } catch (error) {
      lock.release()
      throw error
    }
    return identity
  }

  /** Whether another node has taken this life's calls over: it was silent for too long and must not go on with them. */
  get takenOver(): boolean {
    return this.#takenOver
  }

  /** Calls `run` with the incarnation that has taken this life's calls over. */
  onTakenOver(run: (by: string) => void): void {
    this.#lost.push(run)
  }

  /**
   * Lives that are over and that nobody who lives has taken over. Take each over by `takeOver`, and `bury` it when its
   * calls are closed.
   */
  async deadIncarnations(): Promise<DeadIncarnation[]> {
    return (await this.#look()).dead
  }

  async #look(): Promise<{ dead: DeadIncarnation[]; alive: string[] }> {
    const beganMs = this.#clock.monotonicMs()
    const rows = await this.#db.query<DeadIncarnation & { expired: boolean; taken_over_by: string | null }>(
      `SELECT n.node, n.incarnation, n.code, n.last_beat, n.lease_until < now() AS expired, n.taken_over_by
       FROM nodes n
       WHERE n.tm_end IS NULL AND n.incarnation <> $1
       ORDER BY n.tm_start`,
      [this.incarnation],
    )
    const mayJudge = this.#mayJudge(beganMs)
    const alive = new Set([this.incarnation])
    const over: typeof rows = []
    for (const row of rows) {
      const isDead = row.node === this.node ? !(await isHeld(this.#dataDir, row.incarnation)) : row.expired && mayJudge
      if (isDead) over.push(row)
      else alive.add(row.incarnation)
    }
    const dead = over
      .filter(({ taken_over_by: by }) => by === null || by === this.incarnation || !alive.has(by))
      .map(({ node, incarnation, code, last_beat }) => ({ node, incarnation, code, last_beat }))
    return { dead, alive: [...alive] }
  }

  /** Of these lives, those that ended in good order or were buried: nobody takes them over any more. */
  async ended(lives: readonly Pick<Incarnation, 'incarnation'>[]): Promise<DeadIncarnation[]> {
    if (lives.length === 0) return []
    return this.#db.query<DeadIncarnation>(
      `SELECT node, incarnation, code, last_beat FROM nodes
       WHERE incarnation = ANY ($1) AND tm_end IS NOT NULL`,
      [lives.map(({ incarnation }) => incarnation)],
    )
  }

  /** Takes a dead life over; false when another one was faster. One that took over and died itself is replaced. */
  async takeOver(dead: Incarnation): Promise<boolean> {
    const { dead: known, alive } = await this.#look()
    if (!known.some(({ incarnation }) => incarnation === dead.incarnation)) return false
    const rows = await this.#db.query(
      `UPDATE nodes n SET taken_over_by = $3
       WHERE n.node = $1 AND n.incarnation = $2 AND n.tm_end IS NULL AND (n.node = $5 OR n.lease_until < now())
         AND (n.taken_over_by IS NULL OR n.taken_over_by = $3 OR n.taken_over_by <> ALL ($4))
       RETURNING 1`,
      [dead.node, dead.incarnation, this.incarnation, alive, this.node],
    )
    return rows.length > 0
  }

  /** Nothing of this life is left to be done. */
  async bury(dead: Incarnation): Promise<void> {
    await this.#db.query('UPDATE nodes SET tm_end = now() WHERE node = $1 AND incarnation = $2', [
      dead.node,
      dead.incarnation,
    ])
  }

  /** Whose code this is, and whether it is known to be over; undefined when there was never such a life. */
  async find(code: string): Promise<(Incarnation & { ended: boolean }) | undefined> {
    const rows = await this.#db.query<Incarnation & { ended: boolean }>(
      'SELECT node, incarnation, code, tm_end IS NOT NULL AS ended FROM nodes WHERE code = $1',
      [code],
    )
    return rows[0]
  }

  /** Ends this life in good order: whoever starts next has nothing to take over. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.cancel()
    try {
      await this.#db.withDeadline(1_000, () => this.bury(this))
    } catch (error) {
      this.#log.warn({ error }, 'the end of this incarnation could not be noted')
    }
    this.#lock.release()
  }

  async #begin(): Promise<void> {
    await this.#db.query(
      `INSERT INTO nodes (node, incarnation, code, tm_start, last_beat, lease_until)
       VALUES ($1, $2, $3, now(), now(), now() + $4 * interval '1 millisecond')`,
      [this.node, this.incarnation, this.code, this.#leaseMs],
    )
    this.#answeringSinceMs = this.#clock.monotonicMs()
    this.#next()
  }

  /** Whether the database has answered without interruption for a whole lease: silence of others is then their own. */
  #mayJudge(askedMs: number): boolean {
    const nowMs = this.#clock.monotonicMs()
    const oldestMs = Math.min(askedMs, this.#beatingSinceMs ?? nowMs)
    if (this.#answeringSinceMs === undefined || nowMs - oldestMs > PATIENCE_MS) return false
    return nowMs - this.#answeringSinceMs >= this.#leaseMs
  }

  #next(): void {
    this.#timer = this.#clock.after(this.#beatMs, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    const beganMs = this.#clock.monotonicMs()
    this.#beatingSinceMs = beganMs
    try {
      const [row] = await this.#db.query<{ taken_over_by: string | null }>(
        `UPDATE nodes SET last_beat = now(), lease_until = now() + $3 * interval '1 millisecond'
         WHERE node = $1 AND incarnation = $2 RETURNING taken_over_by`,
        [this.node, this.incarnation, this.#leaseMs],
      )
      const tookMs = this.#clock.monotonicMs() - beganMs
      if (tookMs > PATIENCE_MS) this.#answeringSinceMs = this.#clock.monotonicMs()
      else this.#answeringSinceMs ??= beganMs
      if (row?.taken_over_by) this.#lose(row.taken_over_by)
    } catch (error) {
      this.#answeringSinceMs = undefined
      if (!this.#ended) this.#log.warn({ error }, 'a heartbeat did not reach the database')
    } finally {
      this.#beatingSinceMs = undefined
    }
    if (!this.#ended) this.#next()
  }

  #lose(by: string): void {
    if (this.#takenOver) return
    this.#takenOver = true
    this.#log.error({ by }, 'another node has taken over the calls of this one')
    for (const run of this.#lost) run(by)
  }
}

/** The node's id: kept for good in `DATA_DIR/node`. */
function nodeId(dataDir: string, ids: Ids): string {
  const file = join(dataDir, 'node')
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (isUuid(known)) return known
  const fresh = ids.uuid()
  writeFileSync(`${file}.new`, `${fresh}\n`)
  renameSync(`${file}.new`, file)
  return fresh
}
