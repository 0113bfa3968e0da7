import type { Database } from '#platform/db'
import { systemIds } from '#platform/ids'
import { eventually } from '#testkit'
import { loggedIn, newAgent } from '../api/two-customers.ts'
import type { Cause } from './cause.ts'

const api = (reason: string, status: number, request: string, provoke: Cause['provoke']): Cause => ({
  ...{ domain: 'api-manager', reason, status, request, provoke },
})
const JSON_BODY = { 'content-type': 'application/json' }
/** More logins than the limit for strangers lets through at once. */
const STORM = 200

/** Reasons of the front door. */
export const apiCauses: readonly Cause[] = [
  api('AUTHENTICATION_REQUIRED', 401, 'GET /v1.0/tags without credentials', ({ nobody }) => nobody.get('/v1.0/tags')),
  api('INVALID_CREDENTIALS', 401, 'GET /v1.0/tags?accesskey=<none of ours>', ({ nobody }) =>
    nobody.get('/v1.0/tags?accesskey=not-a-key-of-anybody'),
  ),
  api('ACCOUNT_FROZEN', 403, 'GET /v1.0/tags of a frozen customer', async ({ customer, root }) => {
    const { id, key } = await customer('frozen')
    await root.post(`/v1.0/customers/${id}/freeze`)
    return key.get('/v1.0/tags')
  }),
  api('PERMISSION_DENIED', 403, 'GET /v1.0/billings as an agent without a role', async ({ platform, admin }) => {
    await admin.post('/v1.0/agents', newAgent('plain@example.com', 0))
    return (await loggedIn(platform, 'plain@example.com')).get('/v1.0/billings')
  }),
  api('DIRECT_ACCESS_NOT_SUPPORTED', 403, 'GET /v1.0/service_agents/calls with an access key', ({ key }) =>
    key.get('/v1.0/service_agents/calls'),
  ),
  api('RESOURCE_NOT_FOUND', 404, 'GET /v1.0/errors/NO_SUCH_REASON', ({ key }) =>
    key.get('/v1.0/errors/NO_SUCH_REASON'),
  ),
  api('ROUTE_NOT_FOUND', 404, 'GET /v1.0/cals', ({ key }) => key.get('/v1.0/cals')),
  api('INVALID_ARGUMENT', 400, 'POST /v1.0/calls with no destinations', ({ key }) =>
    key.post('/v1.0/calls', { actions: [{ type: 'answer' }], destinations: [] }),
  ),
  api('INVALID_JSON_BODY', 400, 'POST /v1.0/calls with half a body', ({ key }) =>
    key.send('POST', '/v1.0/calls', { headers: JSON_BODY, body: '{"destinations":' }),
  ),
  api('INVALID_ID', 400, 'GET /v1.0/calls/not-a-uuid', ({ key }) => key.get('/v1.0/calls/not-a-uuid')),
  api('RATE_LIMIT_EXCEEDED', 429, 'POST /auth/login, again and again', async ({ nobody }) => {
    const nobodyKnown = { username: 'nobody@example.com', password: 'a password of nobody' }
    const answers = await Promise.all(Array.from({ length: STORM }, () => nobody.post('/auth/login', nobodyKnown)))
    const limited = answers.find(({ body }) => body.error.reason === 'RATE_LIMIT_EXCEEDED')
    return limited ?? nobody.post('/auth/login', nobodyKnown)
  }),
  api('REQUEST_TIMEOUT', 503, 'GET /v1.0/tags while the table is locked', ({ key, whileTagsAreLocked }) =>
    whileTagsAreLocked(() => key.get('/v1.0/tags')),
  ),
  api('SERVICE_UNAVAILABLE', 503, 'GET /v1.0/tags while its database session dies', ({ key, db, whileTagsAreLocked }) =>
    whileTagsAreLocked(async () => {
      const answer = key.get('/v1.0/tags')
      for (const pid of await waitingSessions(db)) await db.query('select pg_terminate_backend($1)', [pid])
      return answer
    }),
  ),
  api('REQUEST_CANCELED', 503, 'GET /v1.0/tags, and the client goes away', async (scene) => {
    const { platform, db, whileTagsAreLocked } = scene
    const request_id = `gone-${systemIds.uuid()}`
    const headers = { authorization: `Bearer ${platform.credentials.customer.accesskey}`, 'x-request-id': request_id }
    await whileTagsAreLocked(async () => {
      const leave = new AbortController()
      const asked = fetch(`${platform.http}/v1.0/tags`, { headers, signal: leave.signal })
      await waitingSessions(db)
      leave.abort()
      await asked.catch(() => {})
    })
    const isIts = (line: string) => line.includes(request_id)
    const line = await eventually('its line in the log', () => platform.child.output().split('\n').find(isIts))
    return { logged: String(JSON.parse(line).reason) }
  }),
  api('INTERNAL', 500, 'GET /v1.0/tags while its table is gone', async ({ key, db }) => {
    await db.query('alter table tags rename to tags_elsewhere')
    try {
      return await key.get('/v1.0/tags')
    } finally {
      await db.query('alter table tags_elsewhere rename to tags')
    }
  }),
]

/** The sessions whose statements about tags wait for a lock, as soon as there is one. */
function waitingSessions(db: Database): Promise<number[]> {
  return eventually('a statement waits', async () => {
    const waiting = await db.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%tags%'`,
    )
    return waiting.length > 0 && waiting.map(({ pid }) => pid)
  })
}
