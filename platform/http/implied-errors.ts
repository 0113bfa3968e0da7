import type { TObject, TSchema } from 'typebox'
import type { Reason } from '#platform/errors'
import type { Endpoint } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import { forInput, isNode, type Json } from './schema.ts'

/** What any endpoint may answer. */
const ALWAYS: readonly Reason[] = [
  apiErrors.INTERNAL,
  apiErrors.RATE_LIMIT_EXCEEDED,
  apiErrors.REQUEST_CANCELED,
  apiErrors.REQUEST_TIMEOUT,
  apiErrors.SERVICE_UNAVAILABLE,
]

/** The reasons that follow from an endpoint's gate and schemas, so that no contract has to repeat them. */
export function impliedErrors(endpoint: Endpoint): Reason[] {
  const { allow, params, query, body, method } = endpoint
  const reasons = [...ALWAYS]
  if (allow !== 'public')
    reasons.push(
      apiErrors.AUTHENTICATION_REQUIRED,
      apiErrors.INVALID_CREDENTIALS,
      apiErrors.DIRECT_ACCESS_NOT_SUPPORTED,
    )
  if (allow !== 'public' && !endpoint.frozenToo) reasons.push(apiErrors.ACCOUNT_FROZEN)
  if (typeof allow !== 'string') reasons.push(apiErrors.PERMISSION_DENIED)
  if (allow === 'agent' && endpoint.notAgent) reasons.push(endpoint.notAgent)
  if (method === 'POST') reasons.push(apiErrors.INVALID_ARGUMENT, apiErrors.STATE_INVALID)
  if (params) reasons.push(...ofPath(params))
  if (query) reasons.push(...ofQuery(query))
  if (endpoint.socket) reasons.push(apiErrors.INVALID_ARGUMENT)
  if (endpoint.upload) reasons.push(apiErrors.INVALID_FILE_UPLOAD, apiErrors.RATE_LIMIT_EXCEEDED)
  if (body) reasons.push(...ofBody(body))
  return reasons
}

/** Everything that an endpoint may answer with, once each: declared and implied. */
export function reasonsOf(endpoint: Endpoint): ReadonlySet<Reason> {
  return new Set([...endpoint.errors, ...impliedErrors(endpoint)])
}

function ofPath(params: TObject): Reason[] {
  const formats = formatsOf(params)
  const reasons: Reason[] = []
  if (formats.has('id')) reasons.push(apiErrors.INVALID_ID)
  if (formats.has('uuid') || formats.has('integer')) reasons.push(apiErrors.INVALID_REQUEST_PARAMETER)
  reasons.push(apiErrors.INVALID_ARGUMENT)
  return reasons
}

function ofQuery(query: TObject): Reason[] {
  const reasons: Reason[] = [apiErrors.INVALID_REQUEST_PARAMETER, apiErrors.INVALID_ARGUMENT]
  if ((query.required ?? []).length > 0) reasons.push(apiErrors.MISSING_REQUEST_PARAMETER)
  return reasons
}

function ofBody(body: TSchema): Reason[] {
  const reasons: Reason[] = [apiErrors.INVALID_JSON_BODY, apiErrors.INVALID_ARGUMENT]
  const formats = formatsOf(body)
  if (formats.has('uuid') || formats.has('id')) reasons.push(apiErrors.INVALID_ID)
  return reasons
}

/** The formats in a schema; `integer` and `number` for typed scalars. */
function formatsOf(schema: TSchema): Set<string> {
  const found = new Set<string>()
  const visit = (node: Json) => {
    if (typeof node.format === 'string') found.add(node.format)
    if ([node.type].flat().some((type) => type === 'integer' || type === 'number')) found.add('integer')
    for (const value of Object.values(node)) {
      if (isNode(value)) visit(value)
      else if (Array.isArray(value)) for (const each of value) if (isNode(each)) visit(each)
    }
  }
  visit(forInput(schema))
  return found
}
