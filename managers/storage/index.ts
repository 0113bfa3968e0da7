/** Stored files and their signed addresses. See README.md. */
export { FileDownloads, type FileForm, type FileSource, type StoredFiles } from './file-downloads.ts'
export { fileRoutes } from './routes.ts'
export { UrlSigner } from './url-signer.ts'
