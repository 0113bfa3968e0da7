import { handle, pageRequest, type Route } from '#platform/http'
import { createTag, deleteTag, getAgentTag, getTag, listAgentTags, listTags, updateTag } from './contract.ts'
import type { TagService } from './service.ts'

/** `/tags` and `/service_agents/tags` */
export function tagRoutes(tags: TagService): Route[] {
  return [
    handle(listTags, ({ customer, query }) => tags.list(customer, pageRequest(query))),
    handle(createTag, ({ customer, body }) => tags.create(customer, body)),
    handle(getTag, ({ customer, params }) => tags.get(customer, params.id)),
    handle(updateTag, ({ customer, params, body }) => tags.update(customer, params.id, body)),
    handle(deleteTag, ({ customer, params }) => tags.delete(customer, params.id)),
    handle(listAgentTags, ({ customer, query }) => tags.list(customer, pageRequest(query))),
    handle(getAgentTag, ({ customer, params }) => tags.get(customer, params.id)),
  ]
}
