import { handle, pageRequest, type Route } from '#platform/http'
import * as change from './change-contract.ts'
import { createAgent, getAgent, getMe, listAgents } from './contract.ts'
import * as self from './self-contract.ts'
import type { AgentService } from './service.ts'
import type { AgentFilter } from './store.ts'
import { parseTagIds } from './tag-ids.ts'

/** `/agents`, `/me`, `/service_agents/agents` and `/service_agents/me` */
export function agentRoutes(agents: AgentService): Route[] {
  return [
    handle(listAgents, ({ customer, query }) => agents.list(customer, pageRequest(query), filterOf(query))),
    handle(createAgent, ({ identity, body }) => agents.create(identity, body)),
    handle(getAgent, ({ customer, params }) => agents.get(customer, params.id.toLowerCase())),
    handle(getMe, ({ identity }) => agents.me(identity)),
    ...changeRoutes(agents),
    ...selfRoutes(agents),
  ]
}

function changeRoutes(agents: AgentService): Route[] {
  return [
    handle(change.updateAgent, ({ customer, params, body }) =>
      agents.changes.update(customer, params.id.toLowerCase(), body),
    ),
    handle(change.deleteAgent, ({ identity, params }) => agents.changes.delete(identity, params.id.toLowerCase())),
    handle(change.setAgentStatus, ({ customer, params, body }) =>
      agents.changes.setStatus(customer, params.id.toLowerCase(), body.status),
    ),
    handle(change.setAgentAddresses, ({ customer, params, body }) =>
      agents.changes.setAddresses(customer, params.id.toLowerCase(), body.addresses),
    ),
    handle(change.setAgentTags, ({ customer, params, body }) =>
      agents.changes.setTags(customer, params.id.toLowerCase(), body.tag_ids),
    ),
    handle(change.setAgentPermission, ({ identity, params, body }) =>
      agents.changes.setPermission(identity, params.id.toLowerCase(), body.permission),
    ),
    handle(change.setAgentPassword, ({ identity, params, body, ip }) =>
      agents.changes.setPassword(identity, params.id.toLowerCase(), body, ip),
    ),
    handle(change.regenerateAgentHash, ({ customer, params }) =>
      agents.changes.regenerateHash(customer, params.id.toLowerCase()),
    ),
  ]
}

function selfRoutes(agents: AgentService): Route[] {
  return [
    handle(self.listColleagues, ({ customer, query }) => agents.list(customer, pageRequest(query), {})),
    handle(self.getColleague, ({ customer, params }) => agents.get(customer, params.id.toLowerCase())),
    handle(self.getSelf, ({ identity }) => agents.me(identity)),
    handle(self.updateSelf, ({ customer, identity, body }) => agents.changes.update(customer, identity.agent_id, body)),
    handle(self.setOwnAddresses, ({ customer, identity, body }) =>
      agents.changes.setAddresses(customer, identity.agent_id, body.addresses),
    ),
    handle(self.setOwnStatus, ({ customer, identity, body }) =>
      agents.changes.setStatus(customer, identity.agent_id, body.status),
    ),
    handle(self.setOwnPassword, ({ identity, body, ip }) =>
      agents.changes.setPassword(identity, identity.agent_id, body, ip),
    ),
  ]
}

function filterOf({ tag_ids, status }: { tag_ids?: string; status?: NonNullable<AgentFilter['status']> }): AgentFilter {
  return {
    ...(tag_ids !== undefined && { tag_ids: parseTagIds(tag_ids) }),
    ...(status !== undefined && { status }),
  }
}
