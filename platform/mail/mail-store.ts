import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { MailRecord, MailStatus, NewMail } from './mail.ts'

interface Tables {
  mails: MailRecord
}

/** Puts a mail into the outbox. */
export async function insertMail(
  trx: AnyTransaction,
  customer: string,
  { id, kind, to, now }: Omit<NewMail, 'customer_id'> & { id: string; now: Timestamp },
): Promise<void> {
  const row = { id, customer_id: customer, kind, recipient: to, tm_due: now, tm_create: now }
  // the other columns have defaults
  await trx
    .kysely<Tables>()
    .insertInto('mails')
    .values(row as MailRecord)
    .execute()
}

/** How an attempt has ended. */
export type Outcome =
  | { status: 'sent' | 'kept'; subject: string; content: string }
  | { status: 'failed'; issue: string }
  | { status: 'waiting'; issue: string; tm_due: Timestamp }

/** SQL of the outbox. Platform-wide: only the sender and the super admin read it. */
export class MailStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(page: PageRequest, status?: MailStatus): Promise<MailRecord[]> {
    const all = this.#db.kysely<Tables>().selectFrom('mails').selectAll()
    return pageOf(status === undefined ? all : all.where('status', '=', status), page).execute()
  }

  find(id: string): Promise<MailRecord | undefined> {
    return this.#db.kysely<Tables>().selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Takes mails that are due and that nobody tries, so many at most; each counts one attempt more. */
  async claim(run: string, now: Timestamp, leaseMs: number, most: number): Promise<MailRecord[]> {
    return this.#db.query<MailRecord>(
      `update mails set run = $1, tm_lease = now() + $3 * interval '1 millisecond', attempts = attempts + 1
       where id in (
         select id from mails where status = 'waiting' and tm_due <= $2 and (tm_lease is null or tm_lease < now())
         order by tm_due limit $4 for update skip locked)
       returning *`,
      [run, now, leaseMs, most],
    )
  }

  /** Keeps how an attempt ended, unless somebody else has taken the mail over. */
  async finish(id: string, run: string, now: Timestamp, outcome: Outcome): Promise<void> {
    await this.#db
      .kysely<Tables>()
      .updateTable('mails')
      .set({ issue: '', ...outcome, run: null, tm_lease: null, tm_update: now })
      .where('id', '=', id)
      .where('run', '=', run)
      .execute()
  }

  /** Removes a mail that there is no reason to send. */
  async drop(id: string, run: string): Promise<void> {
    await this.#db.kysely<Tables>().deleteFrom('mails').where('id', '=', id).where('run', '=', run).execute()
  }

  /** Removes mails that were done with before a moment, so many at most; how many there were. */
  async forget(before: Timestamp, most: number): Promise<number> {
    const rows = await this.#db.query(
      `delete from mails where id in (
         select id from mails where status <> 'waiting' and tm_create < $1 order by tm_create limit $2) returning id`,
      [before, most],
    )
    return rows.length
  }

  /** How many mails are in each state that somebody may have to look after. */
  async unsent(): Promise<{ waiting: number; failed: number }> {
    const { rows } = await sql<{ waiting: number; failed: number }>`
      select count(*) filter (where status = 'waiting')::int as waiting,
        count(*) filter (where status = 'failed')::int as failed
      from mails where status in ('waiting', 'failed')`.execute(this.#db.kysely())
    return rows[0] ?? { waiting: 0, failed: 0 }
  }
}
