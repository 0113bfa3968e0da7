import type { Database } from '#platform/db'
import { type Timestamp, timestampToMs } from '#platform/time'

/** SQL of jobs. Platform-wide: a job belongs to no customer. */
export class JobStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Makes the row of a job that is new, due at once; one that is there is due by `next` at the latest. */
  async register(name: string, now: Timestamp, next: Timestamp): Promise<void> {
    await this.#db.query(
      `insert into jobs (name, tm_due) values ($1, $2)
       on conflict (name) do update set tm_due = least(jobs.tm_due, $3::timestamptz)`,
      [name, now, next],
    )
  }

  /** Takes the right to do a job that is due and that nobody does; how often in a row it has failed until now. */
  async claim(name: string, run: string, now: Timestamp, leaseMs: number): Promise<{ failures: number } | undefined> {
    const rows = await this.#db.query<{ failures: number }>(
      `update jobs set run = $2, tm_start = $3, tm_lease = now() + $4 * interval '1 millisecond'
       where name = $1 and tm_due <= $3 and (tm_lease is null or tm_lease < now()) returning failures`,
      [name, run, now, leaseMs],
    )
    return rows[0]
  }

  /** Keeps the right for longer; whether it was still there. */
  async renew(name: string, run: string, leaseMs: number): Promise<boolean> {
    const rows = await this.#db.query(
      `update jobs set tm_lease = now() + $3 * interval '1 millisecond' where name = $1 and run = $2 returning name`,
      [name, run, leaseMs],
    )
    return rows.length > 0
  }

  /** Gives the right back and says when the job is due again; of a right that was lost nothing is changed. */
  async finish(
    name: string,
    run: string,
    { now, due, failures }: { now: Timestamp; due: Timestamp; failures: number },
  ): Promise<void> {
    await this.#db.query(
      `update jobs set run = null, tm_lease = null, tm_end = $3, tm_due = $4, failures = $5 where name = $1 and run = $2`,
      [name, run, now, due, failures],
    )
  }

  /** When the job is due, in milliseconds. */
  async dueMs(name: string): Promise<number> {
    const [row] = await this.#db.query<{ tm_due: Timestamp }>('select tm_due from jobs where name = $1', [name])
    return timestampToMs(row?.tm_due ?? '') ?? 0
  }
}
