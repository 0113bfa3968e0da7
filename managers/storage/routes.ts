import { handle, type Route } from '#platform/http'
import { downloadFile } from './contract.ts'
import type { FileDownloads } from './file-downloads.ts'

/** `/files` */
export function fileRoutes(downloads: FileDownloads): Route[] {
  return [handle(downloadFile, ({ params, query }) => downloads.open(params.id, query, query.format))]
}
