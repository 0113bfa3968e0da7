import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { Holds } from '../charge.ts'
import { accountsOf } from '../store.ts'
import type { Reservation, ReservedType } from './reservation.ts'

interface Tables {
  reservations: Reservation
}

const on = (via: AnyTransaction | Database) => via.kysely<Tables>()

/** What changes of a reservation while it is open. */
export type Extension = Pick<
  Reservation,
  'id' | 'units' | 'begun' | 'most_units' | 'amount_token' | 'amount_credit' | 'money' | 'tm_extend'
>

/** What open reservations take of an account; credit in micros. */
interface Held {
  credit: number
  token: number
}

/** SQL of reservations. */
export class ReservationStore implements Holds {
  async insert(trx: AnyTransaction, customer: string, reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return
    await on(trx)
      .insertInto('reservations')
      .values(reservations.map((each) => ({ ...each, customer_id: customer })))
      .execute()
  }

  /** These are another life's to use from now on. */
  async adopt(trx: AnyTransaction, customer: string, ids: readonly string[], life: string): Promise<void> {
    if (ids.length === 0) return
    await on(trx)
      .updateTable('reservations')
      .set({ life })
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .execute()
  }

  /** Forgets those for whose things money is reserved anew. */
  async remove(trx: AnyTransaction, customer: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await on(trx).deleteFrom('reservations').where('customer_id', '=', customer).where('id', 'in', ids).execute()
  }

  /** Those of the customer's that are there already, by what they are for. */
  findAll(
    via: AnyTransaction | Database,
    customer: string,
    references: readonly { reference_type: ReservedType; reference_id: string }[],
  ): Promise<Reservation[]> {
    const ids = references.map(({ reference_id }) => reference_id)
    return on(via)
      .selectFrom('reservations')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('reference_type', 'in', ['call', 'recording'])
      .where('reference_id', 'in', ids)
      .execute()
  }

  /** Those of the customer's that are open among these. */
  openAmong(via: AnyTransaction | Database, customer: string, ids: readonly string[]): Promise<Reservation[]> {
    return on(via)
      .selectFrom('reservations')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('status', '=', 'open')
      .where('id', 'in', ids)
      .execute()
  }

  /** All of the customer's that are open, oldest first. */
  open(via: AnyTransaction | Database, customer: string): Promise<Reservation[]> {
    return on(via)
      .selectFrom('reservations')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('status', '=', 'open')
      .orderBy('tm_create')
      .execute()
  }

  /** Platform-wide: customers that have open reservations. */
  async customersWithOpen(db: Database): Promise<string[]> {
    const rows = await db.query<{ customer_id: string }>(
      `select distinct customer_id from reservations where status = 'open'`,
    )
    return rows.map(({ customer_id }) => customer_id)
  }

  async extend(trx: AnyTransaction, customer: string, extensions: readonly Extension[]): Promise<void> {
    const written = extensions.map(({ id, ...change }) =>
      on(trx)
        .updateTable('reservations')
        .set(change)
        .where('customer_id', '=', customer)
        .where('id', '=', id)
        .execute(),
    )
    await Promise.all(written)
  }

  /** No more than these intervals are charged for it. */
  async limitUnits(
    trx: AnyTransaction,
    { customer_id, id }: Reservation,
    limit: Pick<Reservation, 'begun'> & { most_units: number },
  ): Promise<void> {
    await on(trx)
      .updateTable('reservations')
      .set(limit)
      .where('customer_id', '=', customer_id)
      .where('id', '=', id)
      .execute()
  }

  /** They hold nothing any more. Gives the ids of those that were not closed before. */
  async close(
    trx: AnyTransaction,
    customer: string,
    closed: readonly { id: string; status: 'settled' | 'released' }[],
    tm_end: Timestamp,
  ): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      update reservations r set status = closed.status, tm_end = ${tm_end}
      from unnest(${closed.map(({ id }) => id)}::uuid[], ${closed.map(({ status }) => status)}::text[]) as closed (id, status)
      where r.customer_id = ${customer} and r.id = closed.id and r.status = 'open' returning r.id`.execute(trx.kysely())
    return rows.map(({ id }) => id)
  }

  async heldOf(trx: AnyTransaction, account_id: string): Promise<Held> {
    const { rows } = await sql<Held>`
      select coalesce(sum(amount_credit), 0)::bigint as credit, coalesce(sum(amount_token), 0)::bigint as token
      from reservations where account_id = ${account_id} and status = 'open'`.execute(trx.kysely())
    return rows[0] ?? { credit: 0, token: 0 }
  }

  /** Of the accounts that these reservations of the customer's are on, and of the one that pays for it now, by their ids. */
  async heldByPayers(
    trx: AnyTransaction,
    customer: string,
    reservations: readonly string[],
  ): Promise<Map<string, Held>> {
    const { rows } = await sql<Held & { account_id: string }>`
      select account_id, sum(amount_credit)::bigint as credit, sum(amount_token)::bigint as token
      from reservations where account_id in (${accountsOf(customer, reservations)}) and status = 'open'
      group by account_id`.execute(trx.kysely())
    return new Map(rows.map(({ account_id, credit, token }) => [account_id, { credit, token }]))
  }
}
