import type { PaddleSettings, PlanType } from '#managers/billing'
import { readBaseUrl } from './mail-settings.ts'
import { type Setting, setting } from './setting.ts'
import { known, onOff, whole } from './setting-values.ts'

/** What the operator says about money. */
export interface BillingConfig {
  /** Off: every check passes, and what is used is recorded and not paid. */
  billing: boolean
  undecidedSeconds: number
  paddleApiUrl: string
  /** `undefined` = no portal. */
  paddleApiKey: string | undefined
  /** `undefined` = notices of Paddle are refused. */
  paddleWebhookSecret: string | undefined
  paddleBasicPrice: string | undefined
  paddleProfessionalPrice: string | undefined
}

const asItIs = (value: string | undefined) => value

export const billingSettings: { [Key in keyof BillingConfig]: Setting<BillingConfig[Key]> } = {
  billing: setting(
    'BILLING',
    'on',
    'whether customers pay: off lets every check pass and records what is used without charging it',
    onOff,
  ),
  undecidedSeconds: setting(
    'UNDECIDED_SECONDS',
    '300',
    'how many seconds a paid call that goes out may talk on beyond what is reserved while the database is away; it is charged for it afterwards',
    (value) => whole(value, 0, 86_400),
  ),
  paddleApiUrl: setting('PADDLE_API_URL', 'https://api.paddle.com', 'the API of the payment provider Paddle', (value) =>
    known(readBaseUrl(value), 'takes an http or https URL as in https://sandbox-api.paddle.com'),
  ),
  paddleApiKey: {
    name: 'PADDLE_API_KEY',
    fallback: 'unset: no portal for payments',
    meaning: 'the key of that API',
    secret: true,
    read: asItIs,
  },
  paddleWebhookSecret: {
    name: 'PADDLE_WEBHOOK_SECRET',
    fallback: 'unset: notices of payments are refused',
    meaning: "the secret of Paddle's notification setting, whose address is {the API}/v1.0/billing/paddle",
    secret: true,
    read: asItIs,
  },
  paddleBasicPrice: {
    name: 'PADDLE_BASIC_PRICE',
    fallback: 'unset',
    meaning: 'the id of the price at Paddle that stands for the plan basic, as in pri_01h…',
    read: asItIs,
  },
  paddleProfessionalPrice: {
    name: 'PADDLE_PROFESSIONAL_PRICE',
    fallback: 'unset',
    meaning: 'the id of the price at Paddle that stands for the plan professional',
    read: asItIs,
  },
}

/** How Paddle is set up. */
export function paddleSettingsOf(config: BillingConfig): PaddleSettings {
  const { paddleApiUrl: url, paddleApiKey: key, paddleWebhookSecret: webhookSecret } = config
  const prices: [string | undefined, PlanType][] = [
    [config.paddleBasicPrice, 'basic'],
    [config.paddleProfessionalPrice, 'professional'],
  ]
  return {
    api: key === undefined ? undefined : { url, key },
    webhookSecret,
    planOfPrice: new Map(prices.flatMap(([price, plan]) => (price === undefined ? [] : [[price, plan]]))),
  }
}
