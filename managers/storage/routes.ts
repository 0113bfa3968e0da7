import { handle, handleUpload, pageRequest, type Route } from '#platform/http'
import { createAccount, deleteAccount, getAccount, getOwnAccount, listAccounts } from './account-contract.ts'
import type { StorageAccounts } from './account-service.ts'
import {
  deleteAgentFile,
  deleteFile,
  downloadFile,
  getAgentFile,
  getAgentFileAddress,
  getFile,
  getFileAddress,
  listAgentFiles,
  listFiles,
  uploadAgentFile,
  uploadFile,
} from './contract.ts'
import type { FileDownloads } from './file-downloads.ts'
import type { Storage } from './storage.ts'

/** What the routes are served by. */
export interface StorageServices {
  storageAccounts: StorageAccounts
  storage: Storage
  downloads: FileDownloads
}

/** Every route of the manager. */
export function storageRoutes(services: StorageServices): Route[] {
  const { storageAccounts, storage, downloads } = services
  return [...accountRoutes(storageAccounts, storage), ...fileRoutes(storage), ...downloadRoutes(downloads)]
}

/** `/storage_account`, `/storage_accounts` */
function accountRoutes(accounts: StorageAccounts, storage: Storage): Route[] {
  return [
    handle(getOwnAccount, ({ customer }) => accounts.getOwn(customer)),
    handle(listAccounts, ({ query }) => accounts.list(pageRequest(query))),
    handle(createAccount, ({ body }) => accounts.create(body.customer_id)),
    handle(getAccount, ({ identity, params }) => accounts.get(identity, params.id)),
    handle(deleteAccount, async ({ params }) => {
      const deleted = await accounts.delete(params.id)
      storage.sweeper.soon()
      return deleted
    }),
  ]
}

/** `/storage_files`, `/service_agents/files` */
function fileRoutes(storage: Storage): Route[] {
  return [
    handleUpload(uploadFile, ({ identity, upload, signal }) => storage.files.upload(identity, 'rag', upload, signal)),
    handle(listFiles, ({ customer, query }) => storage.files.list(customer, pageRequest(query), query)),
    handle(getFile, ({ identity, params }) => storage.files.get(identity, params.id)),
    handle(deleteFile, ({ customer, params }) => storage.files.delete(customer, params.id)),
    handle(getFileAddress, ({ customer, params }) => storage.files.addressOf(customer, params.id)),
    handleUpload(uploadAgentFile, ({ identity, upload, signal }) =>
      storage.files.upload(identity, 'talk', upload, signal),
    ),
    handle(listAgentFiles, ({ customer, identity, query }) =>
      storage.files.list(customer, pageRequest(query), { owner_id: identity.agent_id }),
    ),
    handle(getAgentFile, ({ customer, params }) => storage.files.getShared(customer, params.id)),
    handle(deleteAgentFile, ({ identity, params }) => storage.files.deleteShared(identity, params.id)),
    handle(getAgentFileAddress, ({ customer, params }) => storage.files.sharedAddressOf(customer, params.id)),
  ]
}

/** `/files` */
export function downloadRoutes(downloads: FileDownloads): Route[] {
  return [handle(downloadFile, ({ params, query }) => downloads.open(params.id, query, query.format))]
}
