import { Type } from 'typebox'
import { billingErrors } from '#managers/billing/errors'
import { apiErrors, endpoint, idParams, page, pageQuery, superAdminOnly } from '#platform/http'
import {
  BillingAccountChoice,
  CustomerForAdmin,
  CustomerMetadata,
  CustomerUpdate,
  IDENTITY_VERIFICATIONS,
} from './contract.ts'
import { customerErrors } from './errors.ts'

/** `/customers`: the platform's operator over its tenants. */
const ofOne = { allow: superAdminOnly, params: idParams, returns: CustomerForAdmin }
const { CUSTOMER_NOT_FOUND, CUSTOMER_ALREADY_EXISTS } = customerErrors
const { INVALID_WEBHOOK_METHOD, INVALID_WEBHOOK_URI, STATE_INVALID } = apiErrors

export const listCustomers = endpoint({
  method: 'GET',
  path: '/customers',
  summary: 'List customers, as super admin',
  allow: superAdminOnly,
  query: pageQuery,
  returns: page(CustomerForAdmin),
  errors: [],
})

export const createCustomer = endpoint({
  method: 'POST',
  path: '/customers',
  summary: 'Create a customer with its billing account and its first admin, as super admin',
  allow: superAdminOnly,
  body: CustomerUpdate,
  returns: CustomerForAdmin,
  errors: [CUSTOMER_ALREADY_EXISTS, INVALID_WEBHOOK_METHOD, INVALID_WEBHOOK_URI],
})

export const getCustomerById = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/customers/{id}',
  summary: 'Read a customer, as super admin',
  errors: [CUSTOMER_NOT_FOUND],
})

export const updateCustomerById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/customers/{id}',
  summary: 'Replace the fields of a customer, as super admin',
  body: CustomerUpdate,
  errors: [CUSTOMER_NOT_FOUND, CUSTOMER_ALREADY_EXISTS, INVALID_WEBHOOK_METHOD, INVALID_WEBHOOK_URI],
})

export const deleteCustomer = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/customers/{id}',
  summary: 'Delete a customer and all it has, as super admin; deleting it again gives the same answer',
  errors: [CUSTOMER_NOT_FOUND, STATE_INVALID],
})

export const freezeCustomer = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/customers/{id}/freeze',
  summary: 'Freeze a customer, as super admin; it is deleted 30 days later',
  errors: [CUSTOMER_NOT_FOUND, STATE_INVALID],
})

export const recoverCustomer = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/customers/{id}/recover',
  summary: 'Bring a frozen customer back, as super admin',
  errors: [CUSTOMER_NOT_FOUND, STATE_INVALID],
})

export const updateMetadataById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/customers/{id}/metadata',
  summary: 'Turn diagnostics of a customer’s calls on or off, as super admin',
  body: CustomerMetadata,
  errors: [CUSTOMER_NOT_FOUND],
})

export const updateBillingAccountById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/customers/{id}/billing_account_id',
  summary: 'Choose which billing account pays for a customer, as super admin; it may be another customer’s',
  body: BillingAccountChoice,
  errors: [CUSTOMER_NOT_FOUND, billingErrors.BILLING_ACCOUNT_NOT_FOUND],
})

export const updateIdentityVerification = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/customers/{id}/identity_verification_status',
  summary: 'Say how far a customer has shown who it is, as super admin',
  body: Type.Object({ status: Type.Enum(IDENTITY_VERIFICATIONS) }),
  errors: [CUSTOMER_NOT_FOUND],
})
