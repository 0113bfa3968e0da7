/** Accounts, files, recordings' files and their signed addresses. See README.md. */
export { StorageAccounts } from './account-service.ts'
export type { FileSource, StoredFiles, StoredPart } from './file-downloads.ts'
export { migrations } from './migrations/index.ts'
export type { S3Settings } from './objects/s3.ts'
export type { MadeFile, ReferencedFiles, TakenFile } from './referenced-files.ts'
export { type StorageServices, storageRoutes } from './routes.ts'
export { Storage } from './storage.ts'
export { UrlSigner } from './url-signer.ts'
