import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { type Timestamp, timestamp } from '#platform/time'
import type { Spent, Usage } from './decide.ts'

/** Limits per hour and day look at steps of this size; a window holds the whole of the step in which it begins. */
export const BUCKET_MS = 300_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const SECOND_MS = 1_000
/** So long a destination stays in quarantine from its first call on. */
export const QUARANTINE_MS = DAY_MS
/** A destination that nobody called for so long is as if it had never been called. */
export const REMEMBERED_DAYS = 90
/** Rows that one statement forgets. */
const FORGOTTEN_AT_ONCE = 5_000

/** The customer as a whole among those whose spending is counted. */
export const WHOLE_CUSTOMER = { kind: 'customer', id: NIL_UUID } as const

/** All callers from outside among them. */
export const OUTSIDE = { kind: 'outside', id: NIL_UUID } as const

/** Something spent, or given back where it is negative. */
export interface BucketChange extends Spent {
  kind: string
  subject_id: string
  tm_bucket: Timestamp
}

/** An expensive destination, and what it has cost since its first call. */
export interface Quarantined extends Spent {
  destination: string
  /** By callers from outside. */
  outside: boolean
  /** Of its first call. */
  tm_create: Timestamp
}

/** What a decision is about: destinations, and reservations that call some. */
export interface Destinations {
  destinations: readonly string[]
  reservations: readonly string[]
}

/** The step that a moment is in. */
export function bucketOf(wallMs: number): Timestamp {
  return timestamp(Math.floor(wallMs / BUCKET_MS) * BUCKET_MS)
}

/** The first step that a window up to now holds. */
export function windowStart(nowMs: number, windowMs: number): Timestamp {
  return bucketOf(nowMs - windowMs)
}

interface UsageRow {
  kind: string
  subject_id: string
  hour_seconds: number
  hour_money: number
  day_seconds: number
  day_money: number
}

/** SQL of what was spent when, by whom, and on which expensive destinations. */
export class UsageStore {
  /** What is going on and was spent, by `kind:id`. Whoever spent nothing is not among it. */
  async usages(via: AnyTransaction | Database, customer: string, nowMs: number): Promise<Map<string, Usage>> {
    const [spent, going] = await Promise.all([this.#spent(via, customer, nowMs), this.#going(via, customer, nowMs)])
    const usages = new Map<string, Usage>()
    for (const row of spent) {
      const { kind, subject_id, hour_seconds, hour_money, day_seconds, day_money } = row
      const hour = { seconds: hour_seconds, money: hour_money }
      usages.set(`${kind}:${subject_id}`, { ...emptyUsage(), hour, day: { seconds: day_seconds, money: day_money } })
    }
    const whole = usageOf(usages, `${WHOLE_CUSTOMER.kind}:${WHOLE_CUSTOMER.id}`)
    const outside = usageOf(usages, `${OUTSIDE.kind}:${OUTSIDE.id}`)
    for (const { kind, id, concurrent, begun } of going) {
      const each = kind === '' ? [outside] : [whole, usageOf(usages, `${kind}:${id}`)]
      for (const usage of each) {
        usage.concurrent += concurrent
        usage.begun += begun
      }
    }
    return usages
  }

  /**
   * What expensive destinations have cost since they were first called: these, and those that these reservations call. One that is not among it was not called, or was forgotten.
   */
  async quarantine(via: AnyTransaction | Database, customer: string, among: Destinations): Promise<Quarantined[]> {
    const { destinations, reservations } = among
    const named = sql`select unnest(${destinations}::text[]) union all
      select quarantine from reservations where customer_id = ${customer} and id = any(${reservations}::uuid[])`
    const { rows } = await sql<Quarantined>`
      select destination, outside, seconds, money, tm_create from quarantined_destinations
      where customer_id = ${customer} and destination in (${named})`.execute(via.kysely())
    return rows
  }

  /** What is in quarantine now, the latest first, so many at most. */
  async inQuarantine(via: AnyTransaction | Database, customer: string, nowMs: number, most: number) {
    const { rows } = await sql<Quarantined>`
      select destination, outside, seconds, money, tm_create from quarantined_destinations
      where customer_id = ${customer} and tm_create > ${timestamp(nowMs - QUARANTINE_MS)}
      order by tm_create desc limit ${most}`.execute(via.kysely())
    return rows
  }

  /** Adds what was spent to the steps that it belongs to. */
  async add(trx: AnyTransaction, customer: string, changes: readonly BucketChange[]): Promise<void> {
    const sums = summed(changes)
    if (sums.length === 0) return
    await sql`
      insert into spending_buckets as b (customer_id, kind, subject_id, tm_bucket, seconds, money)
      select ${customer}::uuid, * from unnest(
        ${sums.map(({ kind }) => kind)}::text[], ${sums.map(({ subject_id }) => subject_id)}::text[],
        ${sums.map(({ tm_bucket }) => tm_bucket)}::timestamptz[], ${sums.map(({ seconds }) => seconds)}::bigint[],
        ${sums.map(({ money }) => money)}::bigint[])
      on conflict (customer_id, kind, subject_id, tm_bucket)
      do update set seconds = b.seconds + excluded.seconds, money = b.money + excluded.money`.execute(trx.kysely())
  }

  /** Adds what a destination in quarantine has cost; its first call puts it there. */
  async addQuarantine(
    trx: AnyTransaction,
    customer: string,
    { destination, outside, seconds, money, tm_create }: Quarantined,
  ): Promise<void> {
    await sql`
      insert into quarantined_destinations as q (customer_id, destination, outside, seconds, money, tm_create, last_day)
      values (${customer}, ${destination}, ${outside}, ${seconds}, ${money}, ${tm_create}, ${dayOf(tm_create)})
      on conflict (customer_id, destination, outside) do update set seconds = q.seconds + excluded.seconds,
        money = q.money + excluded.money, last_day = greatest(q.last_day, excluded.last_day)`.execute(trx.kysely())
  }

  /**
   * Platform-wide: forgets some of what no window reaches any more, and of the destinations that nobody called for
   * `REMEMBERED_DAYS`. Gives how many rows it were; 0 when none is left.
   */
  async forgetSome(db: Database, nowMs: number): Promise<number> {
    const old = await Promise.all([
      db.query(
        `delete from spending_buckets where ctid = any(array(
           select ctid from spending_buckets where tm_bucket < $1 limit $2)) returning 1 as one`,
        [timestamp(nowMs - 2 * DAY_MS), FORGOTTEN_AT_ONCE],
      ),
      db.query(
        `delete from quarantined_destinations where ctid = any(array(
           select ctid from quarantined_destinations where last_day < $1 limit $2)) returning 1 as one`,
        [dayOf(timestamp(nowMs - REMEMBERED_DAYS * DAY_MS)), FORGOTTEN_AT_ONCE],
      ),
    ])
    return old.reduce((sum, rows) => sum + rows.length, 0)
  }

  async #spent(via: AnyTransaction | Database, customer: string, nowMs: number): Promise<UsageRow[]> {
    const [hour, day] = [windowStart(nowMs, HOUR_MS), windowStart(nowMs, DAY_MS)]
    const { rows } = await sql<UsageRow>`
      select kind, subject_id,
        coalesce(sum(seconds) filter (where tm_bucket >= ${hour}), 0)::bigint as hour_seconds,
        coalesce(sum(money) filter (where tm_bucket >= ${hour}), 0)::bigint as hour_money,
        sum(seconds)::bigint as day_seconds, sum(money)::bigint as day_money
      from spending_buckets where customer_id = ${customer} and tm_bucket >= ${day}
      group by kind, subject_id`.execute(via.kysely())
    return rows
  }

  async #going(via: AnyTransaction | Database, customer: string, nowMs: number) {
    const second = timestamp(nowMs - SECOND_MS)
    // two questions that an index answers each: with `or` all that the customer ever reserved would be read
    const paid = sql`customer_id = ${customer} and cost_type = 'call_pstn_outgoing'`
    const { rows } = await sql<{ kind: string; id: string; concurrent: number; begun: number }>`
      select credential_kind as kind, credential_id as id,
        count(*) filter (where status = 'open' and units > 0)::bigint as concurrent,
        count(*) filter (where tm_create > ${second})::bigint as begun
      from (
        select credential_kind, credential_id, status, units, tm_create from reservations where ${paid} and status = 'open'
        union all
        select credential_kind, credential_id, status, units, tm_create from reservations
        where ${paid} and status <> 'open' and tm_create > ${second}) as going
      group by credential_kind, credential_id`.execute(via.kysely())
    return rows
  }
}

export function emptyUsage(): Usage {
  return { concurrent: 0, begun: 0, hour: { seconds: 0, money: 0 }, day: { seconds: 0, money: 0 } }
}

function usageOf(usages: Map<string, Usage>, key: string): Usage {
  const known = usages.get(key) ?? emptyUsage()
  usages.set(key, known)
  return known
}

/** The day of a moment, in UTC. */
function dayOf(moment: Timestamp): string {
  return moment.slice(0, 10)
}

/** One row of a statement may be changed once. */
function summed(changes: readonly BucketChange[]): BucketChange[] {
  const sums = new Map<string, BucketChange>()
  for (const change of changes) {
    const key = `${change.kind}:${change.subject_id}:${change.tm_bucket}`
    const { seconds, money } = sums.get(key) ?? { seconds: 0, money: 0 }
    sums.set(key, { ...change, seconds: seconds + change.seconds, money: money + change.money })
  }
  return [...sums.values()].filter(({ seconds, money }) => seconds !== 0 || money !== 0)
}
