import { Type } from 'typebox'
import { type Catalogue, defineErrors } from '#platform/errors'
import { sequentialIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock } from '#platform/time'
import { apiErrors } from './errors.ts'
import type { Authenticate, Identity } from './identity.ts'
import { endpoint, type HttpNeeds, handle, type Route } from './index.ts'
import { adminOnly, Permission } from './permission.ts'
import { HttpServer } from './server.ts'
import { Id, idParams } from './wire.ts'

/** For the tests of this folder only: a small server with a few routes of a tea house. */

export const teaErrors = defineErrors('tea-manager', {
  TEA_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'There is no such tea.',
    fix: 'List the teas.',
    message: (_: { tea_id: string }) => 'There is no such tea.',
    details: () => [],
  },
  TEA_SECRET: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'never',
    cause: 'Never declared by any route here.',
    fix: 'Nothing.',
    message: () => 'This tea is a secret.',
  },
})

export const CUSTOMER = '5e0a1111-2222-4333-8444-555566667777'
export const TEA = 'a1b2c3d4-e5f6-4890-8bcd-ef1234567890'

const kinds: Record<string, Omit<Identity, 'customer_id'>> = {
  agent: { kind: 'agent', agent_id: TEA, permission: Permission.CustomerAgent },
  manager: { kind: 'agent', agent_id: TEA, permission: Permission.CustomerManager },
  root: { kind: 'agent', agent_id: TEA, permission: Permission.ProjectSuperAdmin },
  direct: { kind: 'direct', agent_id: TEA, permission: 0 },
  visitor: {
    ...{ kind: 'direct', agent_id: TEA, permission: 0 },
    direct: { resource_type: 'ai', resource_id: TEA, allowed_resource_types: ['aicall'] },
  },
  delegate: { kind: 'delegate', agent_id: TEA, permission: Permission.CustomerAdmin },
  vb_admin: { kind: 'accesskey', agent_id: TEA, permission: Permission.CustomerAdmin },
}

/** Knows the credentials that are named after the kinds above. */
export const authenticate: Authenticate = async ({ token, accesskey }) => {
  const known = kinds[token ?? accesskey ?? '']
  if (!known) throw apiErrors.INVALID_CREDENTIALS()
  return { ...known, customer_id: CUSTOMER }
}

export const Tea = Type.Object({ id: Type.String(), name: Type.String(), strength: Type.Integer() }, { $id: 'Tea' })

export const TeaCreate = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 20 }),
  kind: Type.Enum(['green', 'black']),
  strength: Type.Optional(Type.Integer({ minimum: 1, maximum: 9, default: 3 })),
  origin: Type.Optional(Type.Object({ garden_id: Type.String({ format: 'uuid' }) })),
  steps: Type.Optional(
    Type.Array(Type.Object({ seconds: Type.Number(), note: Type.Optional(Type.Union([Type.String(), Type.Null()])) })),
  ),
  hot: Type.Optional(Type.Boolean()),
})

export const getTea = endpoint({
  method: 'GET',
  path: '/teas/{id}',
  summary: 'Read a tea',
  allow: 'customer',
  params: idParams,
  returns: Tea,
  errors: [teaErrors.TEA_NOT_FOUND],
})

export const createTea = endpoint({
  method: 'POST',
  path: '/teas',
  summary: 'Make tea',
  allow: adminOnly,
  body: TeaCreate,
  returns: Type.Object({ got: Type.Unknown(), customer: Type.String() }),
  success: 201,
  errors: [],
})

export const listTeas = endpoint({
  method: 'GET',
  path: '/tea_pots',
  summary: 'List pots',
  allow: 'public',
  query: Type.Object({
    size: Type.Optional(Type.Integer({ minimum: 1 })),
    garden_id: Type.Optional(Type.String({ format: 'uuid' })),
    colour: Type.Optional(Type.Enum(['blue', 'white'])),
    shelf: Type.String(),
  }),
  returns: Type.Object({ query: Type.Unknown() }),
  errors: [],
})

/** A route at `/v1.0/probe/{id}` that does what the test says. */
export function probe(run: Route['handler'], more: Partial<Route['endpoint']> = {}): Route {
  const declared = endpoint({
    method: 'GET',
    path: '/probe',
    summary: 'Does what a test says',
    allow: 'public',
    returns: Type.Object({ name: Type.String() }),
    errors: [],
  })
  return { endpoint: { ...declared, ...more } as Route['endpoint'], handler: run }
}

export const teaRoutes: Route[] = [
  handle(getTea, ({ params }) => {
    if (params.id !== TEA) throw teaErrors.TEA_NOT_FOUND({ tea_id: params.id })
    return { id: params.id, name: 'Assam', strength: 3, secret: 'never shown' }
  }),
  handle(createTea, ({ body, customer }) => ({ got: body, customer })),
  handle(listTeas, ({ query }) => ({ query })),
]

export const typedTea = endpoint({
  method: 'GET',
  path: '/typed/{id}/{nr}',
  summary: 'Typed path',
  allow: 'public',
  params: Type.Object({ id: Type.String({ format: 'uuid' }), nr: Type.Integer() }),
  returns: Type.Object({ nr: Type.Integer() }),
  errors: [],
})
export { Id }

export interface Line {
  fields: Record<string, unknown>
  message: string
  level: string
}

/** A log that remembers. */
export function memoryLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log }
  return { log, lines }
}

/** A server that listens, with what its test wants to look at. */
export async function startServer(routes: readonly Route[] = teaRoutes, more: Partial<HttpNeeds> = {}) {
  const { log, lines } = memoryLog()
  const metrics = new Metrics()
  const catalogues: readonly Catalogue[] = [apiErrors, teaErrors]
  const server = new HttpServer({
    routes,
    authenticate,
    catalogues,
    clock: systemClock,
    ids: sequentialIds(),
    log,
    metrics,
    version: '0.1.0',
    strictReasons: true,
    ...more,
  })
  const url = await server.listen('127.0.0.1', 0)
  return { server, url, lines, metrics, [Symbol.asyncDispose]: () => server.close() }
}
