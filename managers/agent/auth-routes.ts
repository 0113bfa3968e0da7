import { handle, type Route } from '#platform/http'
import { boot, delegate, LOGIN_SECONDS, login, logout } from './auth-contract.ts'
import type { BootService } from './boot.ts'
import type { Delegations } from './delegations.ts'
import type { LoginService } from './login.ts'
import type { Mailboxes } from './mailbox/mailboxes.ts'
import { mailboxRoutes } from './mailbox/routes.ts'
import type { AgentService } from './service.ts'

export interface AuthParts {
  logins: LoginService
  boots: BootService
  delegations: Delegations
  agents: AgentService
  mailboxes: Mailboxes
}

/** `/auth/*`, but for what customers do with themselves (`/auth/unregister`) */
export function authRoutes({ logins, boots, delegations, agents, mailboxes }: AuthParts): Route[] {
  return [
    handle(login, async ({ body, ip, setCookie }) => {
      const done = await logins.login(body.username, body.password, ip)
      setCookie('token', done.token, LOGIN_SECONDS)
      return done
    }),
    handle(logout, async ({ identity, setCookie }) => {
      await agents.changes.logout(identity)
      setCookie('token', '', 0)
      return {}
    }),
    handle(boot, ({ body }) => boots.boot(body.direct_hash)),
    handle(delegate, ({ identity, body, ip }) => delegations.create(identity, body, ip)),
    ...mailboxRoutes(mailboxes),
  ]
}
