import { Type } from 'typebox'
import type { Catalogue } from '#platform/errors'
import { catalogueRows, ErrorReason } from './catalogue.ts'
import { endpoint, handle, type Route } from './endpoint.ts'
import { apiErrors } from './errors.ts'

/** A part of the platform that can be ready or not: the database, SIP, … */
export type Parts = Readonly<Record<string, () => PartState | Promise<PartState>>>

/** Whether a part is ready; `stale`: nobody has looked for too long to say, and nothing is known to be wrong. */
export type PartState = boolean | 'stale'

const ping = endpoint({
  method: 'GET',
  path: '/ping',
  root: 'only',
  summary: 'Whether the API answers',
  allow: 'public',
  returns: Type.Object({ message: Type.String() }),
  errors: [],
})

const health = endpoint({
  method: 'GET',
  path: '/health',
  root: 'only',
  summary: 'Whether every part of the platform is ready',
  description: '503 while a part is not ready; details name it. `stale`: what was known of it is too old to say.',
  allow: 'public',
  returns: Type.Object({
    status: Type.Enum(['ready']),
    parts: Type.Record(Type.String(), Type.Enum(['ready', 'stale'])),
  }),
  errors: [],
})

const openapi = endpoint({
  method: 'GET',
  path: '/openapi.json',
  root: 'only',
  summary: 'This document, made from the running routes',
  allow: 'public',
  returns: Type.Record(Type.String(), Type.Unknown()),
  errors: [],
})

const ErrorReasons = Type.Object({ result: Type.Array(ErrorReason) })

const listErrors = endpoint({
  method: 'GET',
  path: '/errors',
  summary: 'Every reason that the platform can answer with',
  allow: 'public',
  returns: ErrorReasons,
  errors: [],
})

const getError = endpoint({
  method: 'GET',
  path: '/errors/{reason}',
  summary: 'A reason, one row for each part of the platform that has it',
  allow: 'public',
  params: Type.Object({ reason: Type.String() }),
  returns: ErrorReasons,
  errors: [apiErrors.RESOURCE_NOT_FOUND],
})

/** The routes that every server has. `document` is asked when somebody wants the OpenAPI document. */
export function platformRoutes(
  catalogues: readonly Catalogue[],
  parts: Parts,
  document: () => Record<string, unknown>,
): Route[] {
  const rows = catalogueRows(catalogues)
  return [
    handle(ping, () => ({ message: 'pong' })),
    handle(health, async () => {
      const states = await Promise.all(
        Object.entries(parts).map(async ([part, isReady]) => ({ part, ready: await ready(isReady) })),
      )
      const missing = states.filter((state) => !state.ready).map(({ part }) => part)
      if (missing.length > 0) throw apiErrors.SERVICE_UNAVAILABLE({ missing })
      const shown = states.map(({ part, ready }) => [part, ready === 'stale' ? ('stale' as const) : ('ready' as const)])
      return { status: 'ready' as const, parts: Object.fromEntries(shown) }
    }),
    handle(openapi, document),
    handle(listErrors, () => ({ result: rows })),
    handle(getError, ({ params }) => {
      const result = rows.filter((row) => row.reason === params.reason)
      if (result.length === 0) throw apiErrors.RESOURCE_NOT_FOUND()
      return { result }
    }),
  ]
}

async function ready(isReady: Parts[string]): Promise<PartState> {
  try {
    return await isReady()
  } catch {
    return false
  }
}
