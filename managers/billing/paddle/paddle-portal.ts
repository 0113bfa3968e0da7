import { apiErrors } from '#platform/http'
import type { Log } from '#platform/log'
import type { OutboundClient } from '#platform/outbound'
import type { Accounts } from '../accounts.ts'
import { billingErrors } from '../errors.ts'

const TIMEOUT_MS = 8_000

export interface PaddlePortalNeeds {
  accounts: Accounts
  outbound: Pick<OutboundClient, 'request'>
  log: Log
  /** `undefined` = no payment provider. */
  api: { url: string; key: string } | undefined
}

/** Where customers manage their payments: a page of Paddle's, opened for one of them. */
export class PaddlePortal {
  readonly #needs: PaddlePortalNeeds

  constructor(needs: PaddlePortalNeeds) {
    this.#needs = needs
  }

  /**
   * A fresh address for the customer's account. Throws `PAYMENT_PROVIDER_NOT_CONFIGURED`, `STATE_INVALID` where the account
   * has never paid by Paddle, and `PAYMENT_PROVIDER_FAILED`.
   */
  async open(customer: string): Promise<{ url: string }> {
    const { accounts, api, log } = this.#needs
    if (!api) throw billingErrors.PAYMENT_PROVIDER_NOT_CONFIGURED()
    const { paddle_customer_id, customer_id } = await accounts.ofCustomer(customer)
    if (customer_id !== customer) throw apiErrors.PERMISSION_DENIED()
    if (paddle_customer_id === '')
      throw apiErrors.STATE_INVALID({ issue: 'Nothing has been paid for this account by Paddle yet.' })
    const result = await this.#needs.outbound.request({
      method: 'POST',
      url: `${api.url}/customers/${encodeURIComponent(paddle_customer_id)}/portal-sessions`,
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
      body: '{}',
      timeoutMs: TIMEOUT_MS,
    })
    const url = result.ok && result.status < 300 ? overviewOf(result.body) : undefined
    if (url !== undefined) return { url }
    const why = result.ok ? { status: result.status } : { failure: result.failure, detail: result.detail }
    log.warn(why, 'the payment provider opened no portal')
    throw billingErrors.PAYMENT_PROVIDER_FAILED()
  }
}

/** The address in Paddle's answer, where there is a usable one. */
function overviewOf(body: Buffer): string | undefined {
  try {
    const { data } = JSON.parse(body.toString('utf8')) as { data?: { urls?: { general?: { overview?: unknown } } } }
    const url = data?.urls?.general?.overview
    return typeof url === 'string' && /^https?:$/.test(new URL(url).protocol) ? url : undefined
  } catch {
    return undefined
  }
}
