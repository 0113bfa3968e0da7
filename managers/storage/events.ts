import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { StorageAccount } from './account-contract.ts'
import { type FileRecord, presentWithoutAddress } from './file.ts'

const aboutFile =
  (type: string) =>
  (file: FileRecord): NewEvent => ({
    customer_id: file.customer_id,
    type,
    resource: 'file',
    resource_id: file.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentWithoutAddress(file),
  })

const aboutAccount =
  (type: string) =>
  (account: StorageAccount): NewEvent => ({
    customer_id: account.customer_id,
    type,
    resource: 'storage_account',
    resource_id: account.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: account,
  })

/** What happens to files and accounts; the platform's own business, so that no webhook hears of it, but for one. */
export const storageEvents = {
  file_created: aboutFile('file_created'),
  file_deleted: aboutFile('file_deleted'),
  storage_account_created: aboutAccount('storage_account_created'),
  storage_account_updated: aboutAccount('storage_account_updated'),
  /** Public: the customer has to make room, or what it records is refused soon. */
  storage_account_nearly_full: (account: StorageAccount): NewEvent => ({
    ...aboutAccount('storage_account_nearly_full')(account),
    public: true,
  }),
  storage_account_deleted: aboutAccount('storage_account_deleted'),
}
