import { handle, type Route } from '#platform/http'
import { LOGIN_SECONDS, login } from './auth-contract.ts'
import type { LoginService } from './login.ts'

export interface AuthParts {
  logins: LoginService
}

/** `/auth/*`, as far as it is about tokens */
export function authRoutes({ logins }: AuthParts): Route[] {
  return [
    handle(login, async ({ body, ip, setCookie }) => {
      const done = await logins.login(body.username, body.password, ip)
      setCookie('token', done.token, LOGIN_SECONDS)
      return done
    }),
  ]
}
