import { sql } from 'kysely'
import type { AnyTransaction } from '#platform/db'
import type { Subscription } from './subscription.ts'

interface Tables {
  paddle_subscriptions: Subscription
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of subscriptions at Paddle. Platform-wide: a notice names none of our customers. They change under their account's lock. */
export class SubscriptionStore {
  /** Lets nobody else take a notice of the same one until the transaction ends. */
  async lock(trx: AnyTransaction, id: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`paddle_subscription ${id}`}, 0))`.execute(trx.kysely())
  }

  find(trx: AnyTransaction, id: string): Promise<Subscription | undefined> {
    return on(trx).selectFrom('paddle_subscriptions').selectAll().where('id', '=', id).executeTakeFirst()
  }

  ofAccount(trx: AnyTransaction, account_id: string): Promise<Subscription[]> {
    return on(trx).selectFrom('paddle_subscriptions').selectAll().where('account_id', '=', account_id).execute()
  }

  /** Writes what is known of it. Whose it is stays as it was said first. */
  async put(trx: AnyTransaction, subscription: Subscription): Promise<void> {
    const { id: _, account_id: __, tm_create: ___, ...change } = subscription
    await on(trx)
      .insertInto('paddle_subscriptions')
      .values(subscription)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
      .execute()
  }
}
