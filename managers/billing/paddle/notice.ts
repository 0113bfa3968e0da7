import { apiErrors, readJson } from '#platform/http'
import { isUuid } from '#platform/ids'
import { type Timestamp, timestamp, timestampToMs } from '#platform/time'
import type { PlanType } from '../account.ts'

/** Actions of adjustments by which whoever paid has the money again. */
const GIVE_BACK: ReadonlySet<unknown> = new Set(['refund', 'credit', 'chargeback'])
/** Micros of a cent. */
const CENT = 10_000

const END_MS = Date.UTC(10_000, 0)

/** What Paddle told, as far as it concerns an account. */
export interface Notice {
  event_id: string
  event_type: string
  occurred_at: Timestamp
  /** Who it is about, in the words of whoever opened the checkout; empty where nobody said. */
  customer_id: string
  paddle_customer_id: string
  /** Of the subscription that it is or belongs to; empty where it belongs to none. */
  paddle_subscription_id: string
  /** What the checkout asked for: whoever opened it wrote this, in a browser. */
  asked_plan: PlanType | undefined
  /** What is paid for, each with the plan that the operator has written on it at Paddle. */
  prices: readonly { id: string; plan_type: PlanType | undefined }[]
  /** Whether the subscription has been told to end. */
  isCanceling: boolean
  /** Micros that were paid for credit. */
  paid: number
  /** Micros that were given back, each piece by the name that Paddle has for it. */
  refunds: readonly { id: string; micros: number }[]
}

type Json = { [name: string]: unknown }

/** Reads a notice; throws `INVALID_JSON_BODY` or `INVALID_ARGUMENT`, with the field, where it is none. */
export function readNotice(bytes: Uint8Array): Notice {
  const body = objectOf(readJson(Buffer.from(bytes), undefined))
  const data = objectOf(body.data)
  const custom = objectOf(data.custom_data)
  const event_type = required(body.event_type, 'event_type')
  const isSubscription = event_type.startsWith('subscription.')
  const paddle_subscription_id = isSubscription ? required(data.id, 'data.id') : textOf(data.subscription_id)
  const isPurchase = event_type === 'transaction.completed' && paddle_subscription_id === ''
  const customer_id = textOf(custom.customer_id).toLowerCase()
  if (customer_id !== '' && !isUuid(customer_id)) refuse('data.custom_data.customer_id', 'must be a UUID')
  return {
    event_id: required(body.event_id, 'event_id'),
    event_type,
    occurred_at: momentOf(body.occurred_at),
    customer_id,
    paddle_customer_id: textOf(data.customer_id),
    paddle_subscription_id,
    asked_plan: planOf(custom.plan_type),
    prices: listOf(data.items).flatMap((item) => priceOf(objectOf(item.price))),
    isCanceling: objectOf(data.scheduled_change).action === 'cancel',
    paid: isPurchase ? moneyOf(data, objectOf(objectOf(data.details).totals).total) : 0,
    refunds: event_type === 'transaction.refunded' ? refundsOf(data) : [],
  }
}

function priceOf({ id, custom_data }: Json): Notice['prices'] {
  const name = textOf(id)
  return name === '' ? [] : [{ id: name, plan_type: planOf(objectOf(custom_data).plan_type) }]
}

function refundsOf(data: Json): { id: string; micros: number }[] {
  const adjustments = listOf(data.adjustments)
  if (adjustments.length === 0) refuse('data.adjustments', 'must have what was given back')
  return adjustments.flatMap((each, at) => {
    const id = required(each.id, `data.adjustments[${at}].id`)
    const micros = moneyOf(data, objectOf(each.totals).total)
    return isGivenBack(each) ? [{ id, micros }] : []
  })
}

/** What awaits approval or was rejected is not, nor what takes an earlier one back. */
function isGivenBack({ status = 'approved', action = 'refund' }: Json): boolean {
  return status === 'approved' && GIVE_BACK.has(action)
}

/** Paddle writes money as text, in the smallest unit of its currency; ours is USD. */
function moneyOf({ currency_code = 'USD' }: Json, amount: unknown): number {
  if (currency_code !== 'USD') refuse('data.currency_code', 'must be USD')
  const isWhole = typeof amount === 'number' || (typeof amount === 'string' && /^\d{1,16}$/.test(amount))
  const cents = isWhole ? Number(amount) : Number.NaN
  const micros = cents * CENT
  if (!Number.isSafeInteger(cents) || cents < 0 || micros > 1e15) refuse('data', 'must have a total in whole cents')
  return micros
}

function planOf(value: unknown): PlanType | undefined {
  return value === 'basic' || value === 'professional' || value === 'free' ? value : undefined
}

function momentOf(value: unknown): Timestamp {
  const ms = Date.parse(required(value, 'occurred_at'))
  if (!(ms >= 0 && ms < END_MS)) refuse('occurred_at', 'must be a moment between the years 1970 and 9999')
  return timestamp(timestampToMs(textOf(value)) ?? ms)
}

function required(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') refuse(field, 'is required')
  return value
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

function refuse(field: string, issue: string): never {
  throw apiErrors.INVALID_ARGUMENT({ field, issue })
}
