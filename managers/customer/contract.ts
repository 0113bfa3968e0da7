import { type Static, Type } from 'typebox'
import { billingErrors } from '#managers/billing/errors'
import { adminOnly, adminOrManager, apiErrors, endpoint, Timestamp, TimestampOrNull, Uuid } from '#platform/http'
import { customerErrors } from './errors.ts'

export { Accesskey } from './accesskey-contract.ts'

/** The methods that a webhook may be sent with; empty means POST. */
export const WEBHOOK_METHODS = ['', 'POST', 'GET', 'PUT', 'DELETE'] as const

const CUSTOMER_STATUSES = ['initial', 'active', 'frozen', 'deleted', 'expired'] as const
export const IDENTITY_VERIFICATIONS = ['none', 'pending', 'verified', 'rejected'] as const

const customerFields = {
  id: Uuid,
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  webhook_method: Type.Optional(Type.Enum(WEBHOOK_METHODS)),
  webhook_uri: Type.Optional(Type.String()),
  billing_account_id: Uuid,
  metadata: Type.Object({ rtp_debug: Type.Boolean() }),
  email_verified: Type.Boolean(),
  status: Type.Enum(CUSTOMER_STATUSES),
  identity_verification_status: Type.Enum(IDENTITY_VERIFICATIONS),
  tm_deletion_scheduled: TimestampOrNull,
  tm_create: Timestamp,
  tm_update: TimestampOrNull,
  tm_delete: TimestampOrNull,
}

/** A customer as everybody but itself sees it. Empty texts are left out. */
export const Customer = Type.Object(customerFields, { $id: 'Customer' })
export type Customer = Static<typeof Customer>

/** A customer as it sees itself: with the key that signs its webhooks. */
export const CustomerSelf = Type.Object(
  { ...customerFields, webhook_secret: Type.Optional(Type.String({ description: 'Key of X-VoIPBIN-Signature.' })) },
  { $id: 'CustomerSelf' },
)
export type CustomerSelf = Static<typeof CustomerSelf>

/** A customer as the super admin sees it: with the terms that it agreed to. */
export const CustomerForAdmin = Type.Object(
  { ...customerFields, terms_agreed_version: Type.String(), terms_agreed_ip: Type.String() },
  { $id: 'CustomerForAdmin' },
)
export type CustomerForAdmin = Static<typeof CustomerForAdmin>

/** A customer as its agents see it: id, name, detail and times; the rest is empty. */
export const CustomerForAgent = Type.Object(
  {
    ...customerFields,
    status: Type.Enum(['', ...CUSTOMER_STATUSES]),
    identity_verification_status: Type.Enum(['', ...IDENTITY_VERIFICATIONS]),
  },
  { $id: 'CustomerForAgent' },
)
export type CustomerForAgent = Static<typeof CustomerForAgent>

export const getCustomer = endpoint({
  method: 'GET',
  path: '/customer',
  summary: 'Read your own customer',
  allow: adminOrManager,
  returns: CustomerSelf,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

/** Method and URI are plain texts here, because each has a reason of its own when it is wrong. */
export const CustomerUpdate = Type.Object({
  name: Type.String(),
  detail: Type.String(),
  email: Type.String(),
  phone_number: Type.String(),
  address: Type.String(),
  webhook_method: Type.String({ description: 'POST, GET, PUT, DELETE, or empty for POST.' }),
  webhook_uri: Type.String({ description: 'Absolute http or https URI; empty for no webhook.' }),
})
export type CustomerUpdate = Static<typeof CustomerUpdate>

export const updateCustomer = endpoint({
  method: 'PUT',
  path: '/customer',
  summary: 'Replace the fields of your own customer',
  allow: adminOnly,
  body: CustomerUpdate,
  returns: CustomerSelf,
  errors: [
    customerErrors.CUSTOMER_NOT_FOUND,
    customerErrors.CUSTOMER_ALREADY_EXISTS,
    apiErrors.INVALID_WEBHOOK_METHOD,
    apiErrors.INVALID_WEBHOOK_URI,
  ],
})

export const CustomerMetadata = Type.Object({
  rtp_debug: Type.Boolean({ description: 'Turns on diagnostics of the media of calls.' }),
})
export type CustomerMetadata = Static<typeof CustomerMetadata>

export const BillingAccountChoice = Type.Object({ billing_account_id: Uuid })

export const updateCustomerMetadata = endpoint({
  method: 'PUT',
  path: '/customer/metadata',
  summary: 'Turn diagnostics of your own calls on or off',
  allow: adminOnly,
  body: CustomerMetadata,
  returns: CustomerSelf,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

export const updateCustomerBillingAccount = endpoint({
  method: 'PUT',
  path: '/customer/billing_account_id',
  summary: 'Choose which of your billing accounts pays',
  allow: adminOnly,
  body: BillingAccountChoice,
  returns: CustomerSelf,
  errors: [customerErrors.CUSTOMER_NOT_FOUND, billingErrors.BILLING_ACCOUNT_NOT_FOUND],
})

export const getCustomerAsAgent = endpoint({
  method: 'GET',
  path: '/service_agents/customer',
  summary: 'Read the name of your own customer, as any of its agents',
  allow: 'agent',
  returns: CustomerForAgent,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

export const Unregister = Type.Object(
  {
    password: Type.Optional(Type.String({ maxLength: 1024, description: 'Of the agent who asks.' })),
    confirmation_phrase: Type.Optional(
      Type.String({ maxLength: 64, description: '`DELETE`, instead of a password; access keys need it.' }),
    ),
    immediate: Type.Optional(Type.Boolean({ default: false, description: 'Delete at once instead of in 30 days.' })),
  },
  { examples: [{ confirmation_phrase: 'DELETE', immediate: false }] },
)
export type Unregister = Static<typeof Unregister>

const keyInQuery = Type.Object({
  accesskey: Type.Optional(Type.String({ description: 'An access key, where it is not in the Authorization header.' })),
})

export const unregister = endpoint({
  method: 'POST',
  path: '/auth/unregister',
  root: 'too',
  summary: 'Have your own customer deleted: in 30 days, or at once',
  description: 'Until it is deleted the customer is frozen, and DELETE /auth/unregister brings it back.',
  allow: adminOnly,
  frozenToo: true,
  query: keyInQuery,
  body: Unregister,
  returns: Customer,
  errors: [customerErrors.CUSTOMER_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const recoverSelf = endpoint({
  method: 'DELETE',
  path: '/auth/unregister',
  root: 'too',
  summary: 'Bring your own frozen customer back',
  allow: adminOnly,
  frozenToo: true,
  query: keyInQuery,
  returns: Customer,
  errors: [customerErrors.CUSTOMER_NOT_FOUND, apiErrors.STATE_INVALID],
})
