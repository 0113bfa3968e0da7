import { handle, pageRequest, type Route } from '#platform/http'
import { createAgent, getAgent, getMe, LOGIN_SECONDS, listAgents, login } from './contract.ts'
import type { LoginService } from './login.ts'
import type { AgentService } from './service.ts'
import type { AgentFilter } from './store.ts'
import { parseTagIds } from './tag-ids.ts'

/** `/agents`, `/me` and `/auth/login` */
export function agentRoutes(agents: AgentService, logins: LoginService): Route[] {
  return [
    handle(listAgents, ({ customer, query }) => agents.list(customer, pageRequest(query), filterOf(query))),
    handle(createAgent, ({ identity, body }) => agents.create(identity, body)),
    handle(getAgent, ({ identity, params }) => agents.get(identity, params.id.toLowerCase())),
    handle(getMe, ({ identity }) => agents.me(identity)),
    handle(login, async ({ body, setCookie }) => {
      const done = await logins.login(body.username, body.password)
      setCookie('token', done.token, LOGIN_SECONDS)
      return done
    }),
  ]
}

function filterOf({ tag_ids, status }: { tag_ids?: string; status?: NonNullable<AgentFilter['status']> }): AgentFilter {
  return {
    ...(tag_ids !== undefined && { tag_ids: parseTagIds(tag_ids) }),
    ...(status !== undefined && { status }),
  }
}
