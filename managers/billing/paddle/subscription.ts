import type { Timestamp } from '#platform/time'
import type { BillingAccount, PlanType } from '../account.ts'

/** A subscription at Paddle, as it was told of last. */
export interface Subscription {
  /** Paddle's. */
  id: string
  /** Whose plan it raises: said by the first notice, and never changed. */
  account_id: string
  /** Who pays at Paddle; empty where nobody said yet. */
  paddle_customer_id: string
  /** What it gives; empty where nobody said yet. */
  plan_type: PlanType | ''
  state: 'active' | 'canceling' | 'ended'
  /** When what was told last has happened: notices do not come in order, and an older one changes nothing that is known. */
  tm_event: Timestamp
  tm_create: Timestamp
}

const RANK: Readonly<Record<PlanType | '', number>> = { '': 0, free: 0, basic: 1, professional: 2, unlimited: 3 }

type Shown = Pick<BillingAccount, 'plan_type' | 'plan_status' | 'paddle_subscription_id' | 'paddle_customer_id'>

/**
 * What an account has by its subscriptions: the best plan of what it was given and what lives. So whoever opens a checkout
 * in the name of somebody else can raise the plan there, and by ending it take away no more than that.
 */
export function planBy(
  account: Shown & Pick<BillingAccount, 'given_plan_type'>,
  subscriptions: readonly Subscription[],
): Shown {
  const living = subscriptions.filter(({ state }) => state !== 'ended').sort(byWorth)
  const best = living[0]?.plan_type || 'free'
  const shown = shownOf(account.paddle_subscription_id, subscriptions, living)
  return {
    plan_type: RANK[best] > RANK[account.given_plan_type] ? best : account.given_plan_type,
    plan_status: shown?.state === 'canceling' ? 'canceling' : 'active',
    paddle_subscription_id: shown?.id ?? account.paddle_subscription_id,
    paddle_customer_id: shown?.paddle_customer_id || account.paddle_customer_id,
  }
}

/** What is known of a subscription once something is told of it: what is older fills in what nobody has said yet. */
export function nextOf(known: Subscription | undefined, told: Subscription): Subscription {
  if (!known) return told
  const [late, early] = known.tm_event > told.tm_event ? [known, told] : [told, known]
  return {
    ...known,
    plan_type: late.plan_type || early.plan_type,
    state: late.state,
    paddle_customer_id: late.paddle_customer_id || early.paddle_customer_id,
    tm_event: late.tm_event,
  }
}

/** Whether its renewal is one of the account's plan. */
export function gives({ plan_type }: Pick<BillingAccount, 'plan_type'>, subscription: Subscription): boolean {
  return subscription.state !== 'ended' && plan_type !== 'free' && subscription.plan_type === plan_type
}

/** While the shown one lives, only another one of the same payer takes its place. */
function shownOf(id: string, all: readonly Subscription[], living: readonly Subscription[]): Subscription | undefined {
  const shown = all.find((each) => each.id === id)
  if (!shown || shown.state === 'ended') return living[0] ?? shown
  const payer = shown.paddle_customer_id
  return living.find((each) => each.id === id || (payer !== '' && each.paddle_customer_id === payer))
}

/** The dearest first, of equal ones the newest. */
function byWorth(a: Subscription, b: Subscription): number {
  return RANK[b.plan_type] - RANK[a.plan_type] || (a.tm_create < b.tm_create ? 1 : -1)
}
