import { Type } from 'typebox'
import { apiErrors, endpoint } from '#platform/http'

/** A login lasts seven days. */
export const LOGIN_SECONDS = 7 * 86_400

export const login = endpoint({
  method: 'POST',
  path: '/auth/login',
  root: 'too',
  summary: 'Log in as an agent',
  description:
    'The token comes in the answer and as the cookie `token`. Wrong passwords make you wait, longer each time.',
  allow: 'public',
  body: Type.Object({ username: Type.String({ maxLength: 1024 }), password: Type.String({ maxLength: 1024 }) }),
  returns: Type.Object({ username: Type.String(), token: Type.String() }, { $id: 'Login' }),
  errors: [apiErrors.INVALID_CREDENTIALS, apiErrors.RATE_LIMIT_EXCEEDED],
})
