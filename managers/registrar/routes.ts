import { handle, pageRequest, type Route } from '#platform/http'
import {
  createExtension,
  deleteExtension,
  getExtension,
  listExtensions,
  regenerateExtensionHash,
  updateExtension,
} from './contract.ts'
import type { ExtensionService } from './service.ts'

/** `/extensions` */
export function extensionRoutes(extensions: ExtensionService): Route[] {
  return [
    handle(listExtensions, ({ customer, query }) => extensions.list(customer, pageRequest(query))),
    handle(createExtension, ({ customer, body }) => extensions.create(customer, body)),
    handle(getExtension, ({ customer, params }) => extensions.get(customer, params.id)),
    handle(updateExtension, ({ customer, params, body }) => extensions.update(customer, params.id, body)),
    handle(deleteExtension, ({ customer, params }) => extensions.delete(customer, params.id)),
    handle(regenerateExtensionHash, ({ customer, params }) => extensions.regenerateHash(customer, params.id)),
  ]
}
