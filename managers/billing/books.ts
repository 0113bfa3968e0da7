import { type Page, type PageRequest, paginate } from '#platform/http'
import type { BillingRecord } from './billing.ts'
import { billingErrors } from './errors.ts'
import type { LedgerStore } from './ledger-store.ts'

/** The ledger as its customers read it. */
export class Books {
  readonly #store: LedgerStore

  constructor(store: LedgerStore) {
    this.#store = store
  }

  async list(customer: string, page: PageRequest): Promise<Page<BillingRecord>> {
    return paginate(await this.#store.list(customer, page), page.size)
  }

  async get(customer: string, billing_id: string): Promise<BillingRecord> {
    const record = await this.#store.find(customer, billing_id)
    if (!record) throw billingErrors.BILLING_NOT_FOUND({ billing_id })
    return record
  }
}
