import { handle, pageRequest, type Route } from '#platform/http'
import {
  createExtension,
  deleteExtension,
  getExtension,
  getOwnExtension,
  listExtensions,
  listOwnExtensions,
  regenerateExtensionHash,
  updateExtension,
} from './contract.ts'
import { type AgentAddresses, OwnExtensions } from './own-extensions.ts'
import type { ExtensionService } from './service.ts'

/** `/extensions` and `/service_agents/extensions` */
export function extensionRoutes(extensions: ExtensionService, agents: AgentAddresses): Route[] {
  const own = new OwnExtensions(extensions, agents)
  return [
    handle(listExtensions, ({ customer, query }) => extensions.list(customer, pageRequest(query))),
    handle(createExtension, ({ customer, body }) => extensions.create(customer, body)),
    handle(getExtension, ({ customer, params }) => extensions.get(customer, params.id)),
    handle(updateExtension, ({ customer, params, body }) => extensions.update(customer, params.id, body)),
    handle(deleteExtension, ({ customer, params }) => extensions.delete(customer, params.id)),
    handle(regenerateExtensionHash, ({ customer, params }) => extensions.regenerateHash(customer, params.id)),
    handle(listOwnExtensions, ({ identity }) => own.list(identity)),
    handle(getOwnExtension, ({ identity, params }) => own.get(identity, params.id.toLowerCase())),
  ]
}
