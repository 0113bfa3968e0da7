import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { BillingAccount } from './account.ts'

/** The name is shared with accounts of conversations and storage; the resource tells them apart. */
export const billingEvents = {
  account_created: (account: BillingAccount): NewEvent => ({
    customer_id: account.customer_id,
    type: 'account_created',
    resource: 'billing_account',
    resource_id: account.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: account,
  }),
}
