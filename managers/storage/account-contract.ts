import { type Static, Type } from 'typebox'
import { customerErrors } from '#managers/customer/errors'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  Id,
  idParams,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { storageErrors } from './errors.ts'

/** What a customer keeps, counted; each customer has one. */
export const StorageAccount = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    total_file_count: Type.Integer({ description: 'Live files.' }),
    total_file_size: Type.Integer({ description: 'Octets of live files.' }),
    quota_size: Type.Integer({ description: 'Octets that the customer may keep.' }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'StorageAccount' },
)
export type StorageAccount = Static<typeof StorageAccount>

export const getOwnAccount = endpoint({
  method: 'GET',
  path: '/storage_account',
  summary: 'Read your storage account',
  allow: adminOrManager,
  returns: StorageAccount,
  errors: [storageErrors.ACCOUNT_NOT_FOUND],
})

export const listAccounts = endpoint({
  method: 'GET',
  path: '/storage_accounts',
  summary: 'List the storage accounts of all customers',
  allow: superAdminOnly,
  query: pageQuery,
  returns: page(StorageAccount),
  errors: [],
})

export const createAccount = endpoint({
  method: 'POST',
  path: '/storage_accounts',
  summary: 'Create the storage account of a customer',
  description: 'Every customer has one from its beginning: this makes a new one after the old one was deleted.',
  allow: superAdminOnly,
  body: Type.Object({ customer_id: Id }),
  returns: StorageAccount,
  errors: [customerErrors.CUSTOMER_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const getAccount = endpoint({
  method: 'GET',
  path: '/storage_accounts/{id}',
  summary: 'Read a storage account',
  description: 'A super admin reads that of any customer.',
  allow: adminOrManager,
  params: idParams,
  returns: StorageAccount,
  errors: [storageErrors.ACCOUNT_NOT_FOUND],
})

export const deleteAccount = endpoint({
  method: 'DELETE',
  path: '/storage_accounts/{id}',
  summary: 'Delete a storage account and every file in it',
  allow: superAdminOnly,
  params: idParams,
  returns: StorageAccount,
  errors: [storageErrors.ACCOUNT_NOT_FOUND],
})
