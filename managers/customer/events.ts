import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { type AccesskeyRecord, presentAccesskey } from './accesskey.ts'
import { type CustomerRecord, presentCustomer } from './customer.ts'

const aboutCustomer =
  (type: string) =>
  (customer: CustomerRecord, extra: object = {}): NewEvent => ({
    customer_id: customer.id,
    type,
    resource: 'customer',
    resource_id: customer.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: { ...presentCustomer(customer), ...extra },
  })

const aboutAccesskey =
  (type: string) =>
  (accesskey: AccesskeyRecord): NewEvent => ({
    customer_id: accesskey.customer_id,
    type,
    resource: 'accesskey',
    resource_id: accesskey.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentAccesskey(accesskey),
  })

/** What happens to customers and their access keys; neither a webhook secret nor a token is ever announced. */
export const customerEvents = {
  customer_created: aboutCustomer('customer_created'),
  customer_updated: aboutCustomer('customer_updated'),
  customer_frozen: aboutCustomer('customer_frozen'),
  customer_recovered: aboutCustomer('customer_recovered'),
  customer_deleted: aboutCustomer('customer_deleted'),
  customer_identity_verification_updated: aboutCustomer('customer_identity_verification_updated'),
  accesskey_created: aboutAccesskey('accesskey_created'),
  accesskey_updated: aboutAccesskey('accesskey_updated'),
  accesskey_deleted: aboutAccesskey('accesskey_deleted'),
}
