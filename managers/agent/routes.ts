import { handle, pageRequest, type Route } from '#platform/http'
import type { AgentChanges } from './agent-changes.ts'
import * as contract from './contract.ts'
import type { PasswordChanges } from './password-changes.ts'
import * as self from './self-contract.ts'
import type { AgentService } from './service.ts'
import type { AgentFilter } from './store.ts'
import { parseTagIds } from './tag-ids.ts'

export interface AgentParts {
  agents: AgentService
  changes: AgentChanges
  passwordChanges: PasswordChanges
}

/** `/agents`, `/me`, `/service_agents/agents` and `/service_agents/me` */
export function agentRoutes({ agents, changes, passwordChanges }: AgentParts): Route[] {
  return [
    handle(contract.listAgents, ({ customer, query }) => agents.list(customer, pageRequest(query), filterOf(query))),
    handle(contract.createAgent, ({ identity, body }) => agents.create(identity, body)),
    handle(contract.getAgent, ({ identity, params }) => agents.get(identity, idOf(params))),
    handle(contract.updateAgent, ({ identity, params, body }) => changes.update(identity, idOf(params), body)),
    handle(contract.deleteAgent, ({ identity, params }) => changes.delete(identity, idOf(params))),
    handle(contract.setAgentAddresses, ({ customer, params, body }) =>
      changes.setAddresses(customer, idOf(params), body.addresses),
    ),
    handle(contract.setAgentTagIds, ({ customer, params, body }) =>
      changes.setTags(customer, idOf(params), body.tag_ids),
    ),
    handle(contract.setAgentStatus, ({ identity, params, body }) =>
      changes.setStatus(identity, idOf(params), body.status),
    ),
    handle(contract.setAgentPermission, ({ identity, params, body }) =>
      changes.setPermission(identity, idOf(params), body.permission),
    ),
    handle(contract.setAgentPassword, ({ identity, params, body, ip }) =>
      passwordChanges.set(identity, idOf(params), body, ip),
    ),
    handle(contract.regenerateAgentHash, ({ customer, params }) => changes.regenerateHash(customer, idOf(params))),

    handle(self.getMe, ({ identity }) => agents.me(identity)),
    handle(self.getOwnAgent, ({ identity }) => agents.me(identity)),
    handle(self.updateOwnAgent, ({ identity, body }) => changes.update(identity, identity.agent_id, body)),
    handle(self.setOwnAddresses, ({ customer, identity, body }) =>
      changes.setAddresses(customer, identity.agent_id, body.addresses),
    ),
    handle(self.setOwnStatus, ({ identity, body }) => changes.setStatus(identity, identity.agent_id, body.status)),
    handle(self.setOwnPassword, ({ identity, body, ip }) => passwordChanges.set(identity, identity.agent_id, body, ip)),
    handle(self.listColleagues, ({ customer, query }) => agents.list(customer, pageRequest(query), {})),
    handle(self.getColleague, ({ customer, params }) => agents.colleague(customer, idOf(params))),
  ]
}

/** Ids are kept in lower case; oneself is recognised however it is written. */
function idOf({ id }: { id: string }): string {
  return id.toLowerCase()
}

function filterOf({ tag_ids, status }: { tag_ids?: string; status?: NonNullable<AgentFilter['status']> }): AgentFilter {
  return {
    ...(tag_ids !== undefined && { tag_ids: parseTagIds(tag_ids) }),
    ...(status !== undefined && { status }),
  }
}
