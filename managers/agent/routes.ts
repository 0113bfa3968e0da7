import { handle, pageRequest, type Route } from '#platform/http'
import * as change from './change-contract.ts'
import { createAgent, getAgent, getMe, LOGIN_SECONDS, listAgents, login } from './contract.ts'
import type { LoginService } from './login.ts'
import * as self from './self-contract.ts'
import { type AgentService, refuseOthers } from './service.ts'
import type { AgentFilter } from './store.ts'
import { parseTagIds } from './tag-ids.ts'

/** `/agents`, `/me`, `/service_agents/agents`, `/service_agents/me`, `/auth/login` and `/auth/logout` */
export function agentRoutes(agents: AgentService, logins: LoginService): Route[] {
  return [
    handle(listAgents, ({ customer, query }) => agents.list(customer, pageRequest(query), filterOf(query))),
    handle(createAgent, ({ identity, body }) => agents.create(identity, body)),
    handle(getAgent, ({ identity, params }) => agents.get(identity, params.id.toLowerCase())),
    handle(getMe, ({ identity }) => agents.me(identity)),
    ...changeRoutes(agents),
    ...selfRoutes(agents),
    handle(login, async ({ body, setCookie }) => {
      const done = await logins.login(body.username, body.password)
      setCookie('token', done.token, LOGIN_SECONDS)
      return done
    }),
    handle(self.logout, async ({ identity, setCookie }) => {
      await agents.changes.logout(identity)
      setCookie('token', '', 0)
      return {}
    }),
  ]
}

function changeRoutes(agents: AgentService): Route[] {
  return [
    handle(change.updateAgent, ({ identity, customer, params, body }) => {
      const id = params.id.toLowerCase()
      refuseOthers(identity, id)
      return agents.changes.update(customer, id, body)
    }),
    handle(change.deleteAgent, ({ identity, params }) => agents.changes.delete(identity, params.id.toLowerCase())),
    handle(change.setAgentStatus, ({ identity, customer, params, body }) => {
      const id = params.id.toLowerCase()
      refuseOthers(identity, id)
      return agents.changes.setStatus(customer, id, body.status)
    }),
    handle(change.setAgentAddresses, ({ customer, params, body }) =>
      agents.changes.setAddresses(customer, params.id.toLowerCase(), body.addresses),
    ),
    handle(change.setAgentTags, ({ customer, params, body }) =>
      agents.changes.setTags(customer, params.id.toLowerCase(), body.tag_ids),
    ),
    handle(change.setAgentPermission, ({ identity, params, body }) =>
      agents.changes.setPermission(identity, params.id.toLowerCase(), body.permission),
    ),
    handle(change.setAgentPassword, ({ identity, params, body }) =>
      agents.changes.setPassword(identity, params.id.toLowerCase(), body.password),
    ),
    handle(change.regenerateAgentHash, ({ customer, params }) =>
      agents.changes.regenerateHash(customer, params.id.toLowerCase()),
    ),
  ]
}

function selfRoutes(agents: AgentService): Route[] {
  return [
    handle(self.listColleagues, ({ customer, query }) => agents.list(customer, pageRequest(query), {})),
    handle(self.getColleague, ({ customer, params }) => agents.getAny(customer, params.id.toLowerCase())),
    handle(self.getSelf, ({ identity }) => agents.me(identity)),
    handle(self.updateSelf, ({ customer, identity, body }) => agents.changes.update(customer, identity.agent_id, body)),
    handle(self.setOwnAddresses, ({ customer, identity, body }) =>
      agents.changes.setAddresses(customer, identity.agent_id, body.addresses),
    ),
    handle(self.setOwnStatus, ({ customer, identity, body }) =>
      agents.changes.setStatus(customer, identity.agent_id, body.status),
    ),
    handle(self.setOwnPassword, ({ identity, body }) =>
      agents.changes.setOwnPassword(identity, body.password, body.current_password),
    ),
  ]
}

function filterOf({ tag_ids, status }: { tag_ids?: string; status?: NonNullable<AgentFilter['status']> }): AgentFilter {
  return {
    ...(tag_ids !== undefined && { tag_ids: parseTagIds(tag_ids) }),
    ...(status !== undefined && { status }),
  }
}
