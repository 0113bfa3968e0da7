import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Customer, CustomerForAdmin, CustomerForAgent, CustomerSelf } from './contract.ts'

export type CustomerStatus = 'initial' | 'active' | 'frozen' | 'deleted' | 'expired'
export type IdentityVerification = 'none' | 'pending' | 'verified' | 'rejected'
export type WebhookMethod = '' | 'POST' | 'GET' | 'PUT' | 'DELETE'

/** A customer as it is stored: the wire's members, with those that most answers leave out. */
export interface CustomerRecord {
  id: string
  name: string
  detail: string
  email: string
  phone_number: string
  address: string
  webhook_method: WebhookMethod
  webhook_uri: string
  /** Key of the HMAC that signs the customer's webhooks. */
  webhook_secret: string
  billing_account_id: string
  metadata: { rtp_debug: boolean }
  email_verified: boolean
  status: CustomerStatus
  identity_verification_status: IdentityVerification
  tm_deletion_scheduled: Timestamp | null
  terms_agreed_version: string
  terms_agreed_ip: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The platform's own customer: it holds the super admin, is never billed and gets no webhooks. */
export const SYSTEM_CUSTOMER_ID = '00000000-0000-0000-0000-000000000002'
/** Owner of the default routes. */
export const ROUTING_CUSTOMER_ID = '00000000-0000-0000-0000-000000000001'
/** Customers of the platform itself, which no gate of identity or status concerns. */
export const RESERVED_CUSTOMERS: readonly string[] = [ROUTING_CUSTOMER_ID, SYSTEM_CUSTOMER_ID]
/** VoIPbin's guest customer: an ordinary one to every gate, but it stays. */
export const GUEST_CUSTOMER_ID = 'a856c986-4b06-4496-9641-4d0ecbc67df5'
/** Customers that are neither frozen nor deleted. */
export const LASTING_CUSTOMERS: readonly string[] = [...RESERVED_CUSTOMERS, GUEST_CUSTOMER_ID]

/** Whether anybody may still act for a customer of this status. */
export function isLiving(customer: Pick<CustomerRecord, 'status' | 'tm_delete'>): boolean {
  return customer.tm_delete === null && customer.status !== 'deleted' && customer.status !== 'expired'
}

/** A customer as others see it: empty texts are left out, and so are its secret and its terms. */
export function presentCustomer(customer: CustomerRecord): Customer {
  const { name, detail, email, phone_number, address, webhook_method, webhook_uri } = customer
  return {
    id: customer.id,
    ...(name && { name }),
    ...(detail && { detail }),
    ...(email && { email }),
    ...(phone_number && { phone_number }),
    ...(address && { address }),
    ...(webhook_method && { webhook_method }),
    ...(webhook_uri && { webhook_uri }),
    billing_account_id: customer.billing_account_id,
    metadata: customer.metadata,
    email_verified: customer.email_verified,
    status: customer.status,
    identity_verification_status: customer.identity_verification_status,
    tm_deletion_scheduled: customer.tm_deletion_scheduled,
    tm_create: customer.tm_create,
    tm_update: customer.tm_update,
    tm_delete: customer.tm_delete,
  }
}

/** A customer as it sees itself. */
export function presentSelf(customer: CustomerRecord): CustomerSelf {
  return { ...presentCustomer(customer), ...(customer.webhook_secret && { webhook_secret: customer.webhook_secret }) }
}

/** A customer as the super admin sees it: with the terms that were agreed to, never with its secret. */
export function presentForAdmin(customer: CustomerRecord): CustomerForAdmin {
  const { terms_agreed_version, terms_agreed_ip } = customer
  return { ...presentCustomer(customer), terms_agreed_version, terms_agreed_ip }
}

/** A customer as each of its agents may see it: its name and its age; everything else is empty. */
export function presentForAgent({
  id,
  name,
  detail,
  tm_create,
  tm_update,
  tm_delete,
}: CustomerRecord): CustomerForAgent {
  return {
    id,
    ...(name && { name }),
    ...(detail && { detail }),
    billing_account_id: NIL_UUID,
    metadata: { rtp_debug: false },
    email_verified: false,
    status: '',
    identity_verification_status: '',
    tm_deletion_scheduled: null,
    tm_create,
    tm_update,
    tm_delete,
  }
}
