import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { BillingAccount } from './account.ts'
import type { BillingRecord } from './billing.ts'
import { presentAccount, presentForAdmin } from './present.ts'

const about =
  (type: string) =>
  (account: BillingAccount): NewEvent => ({
    customer_id: account.customer_id,
    type,
    resource: 'billing_account',
    resource_id: account.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentForAdmin(account),
  })

const aboutBilling =
  (type: string) =>
  (billing: BillingRecord): NewEvent => ({
    customer_id: billing.customer_id,
    type,
    resource: 'billing',
    resource_id: billing.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: billing,
  })

/** The names are shared with accounts of conversations and storage; the resource tells them apart. */
export const billingEvents = {
  account_created: about('account_created'),
  account_updated: about('account_updated'),
  /** Public, unlike the others: only who has asked for it by `low_balance` is told. */
  billing_account_low: (account: BillingAccount): NewEvent => ({
    ...about('billing_account_low')(account),
    public: true,
    data: presentAccount(account),
  }),
  billing_created: aboutBilling('billing_created'),
  billing_updated: aboutBilling('billing_updated'),
}
