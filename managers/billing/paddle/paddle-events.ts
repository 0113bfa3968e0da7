import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors } from '#platform/http'
import { DNS_NAMESPACE, type Ids, uuidV5 } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { BillingAccount, PlanType } from '../account.ts'
import type { ReferenceType } from '../billing.ts'
import type { Movement } from '../charge.ts'
import { billingErrors } from '../errors.ts'
import { billingEvents } from '../events.ts'
import type { Ledger } from '../ledger.ts'
import type { BillingStore } from '../store.ts'
import { resetTokens } from '../top-up.ts'
import { type Notice, readNotice } from './notice.ts'
import { isSigned } from './signature.ts'
import { gives, nextOf, planBy, type Subscription } from './subscription.ts'
import { SubscriptionStore } from './subscription-store.ts'

export interface PaddleEventsNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  store: BillingStore
  ledger: Ledger
  /** Of the notification setting at Paddle; `undefined` = nothing is believed. */
  webhookSecret: string | undefined
  /** Which plan a price at Paddle stands for. */
  planOfPrice: ReadonlyMap<string, PlanType>
}

/** What Paddle tells about payments and subscriptions, booked once each (`billing.md` §8). */
export class PaddleEvents {
  readonly #needs: PaddleEventsNeeds
  readonly #subscriptions = new SubscriptionStore()

  constructor(needs: PaddleEventsNeeds) {
    this.#needs = needs
  }

  /**
   * Takes a notice; resolves when what it says is booked, also where it was booked before. Throws
   * `PAYMENT_PROVIDER_NOT_CONFIGURED`, `PAYMENT_SIGNATURE_INVALID`, and `INVALID_ARGUMENT` for money that has no account:
   * it is not acknowledged, so Paddle keeps it for the operator.
   */
  async take(bytes: Uint8Array, signature: string): Promise<void> {
    const { webhookSecret, clock, db, log } = this.#needs
    if (webhookSecret === undefined) throw billingErrors.PAYMENT_PROVIDER_NOT_CONFIGURED()
    if (!isSigned(bytes, signature, webhookSecret, clock.wallMs())) throw billingErrors.PAYMENT_SIGNATURE_INVALID()
    const notice = readNotice(bytes)
    const { event_id, event_type } = notice
    const book = EFFECTS[event_type]
    if (book) await db.transaction(async (trx) => book(this, trx, notice))
    log.info({ event_id, event_type, ignored: book === undefined }, 'the payment provider told something')
  }

  /** Credit that was bought, or another month of a subscription. */
  async completed(trx: AnyTransaction, notice: Notice): Promise<void> {
    const { ledger } = this.#needs
    const { account, subscription } = await this.#about(trx, notice)
    if (notice.paddle_subscription_id !== '') {
      if (!subscription || !gives(account, subscription)) return
      await resetTokens(ledger, trx, account, of(notice, 'top_up', 'paddle_subscription'))
      return
    }
    await ledger.move(trx, account, {
      ...of(notice, 'top_up', 'paddle_credit_purchase'),
      amount_token: 0,
      amount_credit: notice.paid,
    })
  }

  async subscribed(trx: AnyTransaction, notice: Notice): Promise<void> {
    const plan_type = this.#planOf(notice)
    if (!plan_type) throw apiErrors.INVALID_ARGUMENT(notice.asked_plan ? OTHER_PRICE : NO_PLAN)
    await this.#change(trx, notice, 'top_up', () => ({ plan_type, state: 'active' }))
  }

  async changed(trx: AnyTransaction, notice: Notice): Promise<void> {
    // a plan that something else is paid for is not given any more
    const told = this.#planOf(notice) ?? (notice.asked_plan ? 'free' : '')
    await this.#change(trx, notice, 'adjustment', (known) => ({
      plan_type: (notice.isCanceling && known?.plan_type) || told || (known?.plan_type ?? ''),
      state: notice.isCanceling ? 'canceling' : 'active',
    }))
  }

  async canceled(trx: AnyTransaction, notice: Notice): Promise<void> {
    await this.#change(trx, notice, 'adjustment', (known) => ({ plan_type: known?.plan_type ?? '', state: 'ended' }))
  }

  /**
   * Takes back what was given back, each piece of it once; an account that has spent it already is suspended. The payment
   * of a subscription brought no credit, so none goes.
   */
  async refunded(trx: AnyTransaction, notice: Notice): Promise<void> {
    const { ledger, store } = this.#needs
    const { id } = (await this.#about(trx, notice)).account
    if (notice.paddle_subscription_id !== '') return
    for (const refund of notice.refunds) {
      const reference_id = uuidV5(DNS_NAMESPACE, refund.id)
      await ledger.move(trx, await this.#lock(trx, id), {
        ...{ transaction_type: 'refund', reference_type: 'paddle_refund', reference_id, idempotency_key: reference_id },
        ...{ amount_token: 0, amount_credit: 0 - refund.micros },
      })
    }
    const after = await this.#lock(trx, id)
    if (after.balance_credit >= 0 || after.status !== 'active') return
    const change = { status: 'frozen', suspended_by_refund: true, tm_update: this.#now() } as const
    await this.#announce(trx, await store.change(trx, id, change))
  }

  /**
   * Writes what became of a subscription, and lets its account have what follows. Tokens are those of the plan where it is
   * another one now: what else Paddle tells of a subscription refills nothing.
   */
  async #change(
    trx: AnyTransaction,
    notice: Notice,
    transaction_type: 'top_up' | 'adjustment',
    told: (known: Subscription | undefined) => Pick<Subscription, 'plan_type' | 'state'>,
  ): Promise<void> {
    const { store, ledger, log } = this.#needs
    const { account, subscription: known } = await this.#about(trx, notice)
    const now = this.#now()
    const next = nextOf(known, {
      ...{ id: notice.paddle_subscription_id, account_id: account.id, ...told(known) },
      ...{ paddle_customer_id: notice.paddle_customer_id, tm_event: notice.occurred_at, tm_create: now },
    })
    await this.#subscriptions.put(trx, next)
    const all = await this.#subscriptions.ofAccount(trx, account.id)
    const plan = planBy(account, all)
    const changed = await store.change(trx, account.id, { ...plan, tm_update: now })
    await this.#announce(trx, changed)
    if (changed.paddle_subscription_id !== next.id)
      log.warn(
        { account_id: account.id, subscription: next.id },
        'an account has a subscription beside the one it shows',
      )
    if (changed.plan_type === account.plan_type) return
    await resetTokens(ledger, trx, changed, of(notice, transaction_type, 'paddle_subscription'))
  }

  /**
   * The subscription, where it is known, and the account that the notice is about, both locked: that of the subscription,
   * whatever else is said; where it is not known that of the customer who is named, or of who pays. Who opens a checkout
   * says in whose name.
   */
  async #about(trx: AnyTransaction, notice: Notice): Promise<{ account: BillingAccount; subscription?: Subscription }> {
    const { store, log } = this.#needs
    const { customer_id, paddle_subscription_id, paddle_customer_id, event_id, event_type } = notice
    if (paddle_subscription_id !== '') {
      await this.#subscriptions.lock(trx, paddle_subscription_id)
      const subscription = await this.#subscriptions.find(trx, paddle_subscription_id)
      if (subscription) return { account: await this.#lock(trx, subscription.account_id), subscription }
    }
    const account =
      (customer_id !== '' ? await store.lockPayer(trx, customer_id) : undefined) ??
      (paddle_customer_id !== '' ? await store.findPaddleCustomer(trx, paddle_customer_id) : undefined)
    if (account) return { account }
    log.error({ event_id, event_type, customer_id }, 'the payment provider told of money that has no account')
    throw apiErrors.INVALID_ARGUMENT({ field: 'data.custom_data.customer_id', issue: 'has no billing account' })
  }

  async #lock(trx: AnyTransaction, id: string): Promise<BillingAccount> {
    const account = await this.#needs.store.lockAccount(trx, id)
    if (!account) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
    return account
  }

  /**
   * The plan of what is paid for, by the settings or by what the operator wrote on the price at Paddle. What the checkout
   * asked for counts only where that plan has no price in the settings: else whoever pays for a cheap one could ask for a dear
   * one.
   */
  #planOf({ prices, asked_plan, event_id, customer_id }: Notice): PlanType | undefined {
    const { planOfPrice, log } = this.#needs
    const paid = prices.map(({ id, plan_type }) => planOfPrice.get(id) ?? plan_type)
    const plan_type = paid.find((plan) => plan !== undefined)
    if (plan_type || !asked_plan || prices.length === 0) return plan_type ?? asked_plan
    const price_ids = prices.map(({ id }) => id)
    if ([...planOfPrice.values()].includes(asked_plan)) {
      log.error(
        { event_id, customer_id, asked_plan, price_ids },
        'a checkout asked for a plan and paid for something else',
      )
      return undefined
    }
    if (asked_plan !== 'free')
      log.warn(
        { event_id, customer_id, asked_plan, price_ids },
        'a plan was given by the word of a checkout: it has no price in the settings to be compared with',
      )
    return asked_plan
  }

  #announce(trx: AnyTransaction, account: BillingAccount): Promise<void> {
    return appendEvents(trx, [billingEvents.account_updated(account)], this.#needs)
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

const NO_PLAN = { field: 'data.custom_data.plan_type', issue: 'must be basic or professional' }
const OTHER_PRICE = { field: 'data.items', issue: 'must have the price of the plan that the checkout asked for' }

/** Every notice that changes something; what is not here is acknowledged and changes nothing. */
const EFFECTS: Readonly<Record<string, (events: PaddleEvents, trx: AnyTransaction, notice: Notice) => Promise<void>>> =
  {
    'transaction.completed': (events, trx, notice) => events.completed(trx, notice),
    'transaction.refunded': (events, trx, notice) => events.refunded(trx, notice),
    'subscription.created': (events, trx, notice) => events.subscribed(trx, notice),
    'subscription.updated': (events, trx, notice) => events.changed(trx, notice),
    'subscription.canceled': (events, trx, notice) => events.canceled(trx, notice),
  }

/** How a notice is named in the ledger: the same one is booked once. */
function of<T extends Movement['transaction_type']>(
  { event_id }: Notice,
  transaction_type: T,
  reference_type: ReferenceType,
) {
  const id = uuidV5(DNS_NAMESPACE, event_id)
  return { transaction_type, reference_type, reference_id: id, idempotency_key: id }
}
