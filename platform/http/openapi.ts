import type { TObject, TSchema } from 'typebox'
import { HTTP_STATUS, InvariantError, type Reason } from '#platform/errors'
import type { Endpoint, Route } from './endpoint.ts'
import { errorExample, exampleName } from './error-examples.ts'
import { apiErrors } from './errors.ts'
import { type Direction, exampleOf } from './example.ts'
import { reasonsOf } from './implied-errors.ts'
import { isNode, type Json, rewrite } from './schema.ts'

const COMPONENTS = '#/components/schemas/'
const EXAMPLES = '#/components/examples/'

/** The one shape of every error answer (`platform.md` §5). */
const ERROR: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['status', 'reason', 'message', 'request_id', 'domain'],
      properties: {
        status: { type: 'string', enum: Object.keys(HTTP_STATUS) },
        reason: { type: 'string', description: 'What happened; GET /v1.0/errors/{reason} explains it.' },
        message: { type: 'string' },
        request_id: { type: 'string' },
        domain: {
          type: 'string',
          description: 'The part of the platform that refused; with reason it is an identity.',
        },
        details: { type: 'array', items: { type: 'object', additionalProperties: true } },
      },
    },
  },
}

/** The same facts as RFC 9457 has them, for a client whose `Accept` prefers `application/problem+json`. */
const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'canonical_status', 'reason', 'domain', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'The page of the reason.' },
    title: { type: 'string', description: 'The cause, the same for every problem of this reason.' },
    status: { type: 'integer', description: 'The HTTP code.' },
    detail: { type: 'string', description: 'What Error calls message.' },
    canonical_status: { type: 'string', enum: Object.keys(HTTP_STATUS), description: 'What Error calls status.' },
    reason: { type: 'string' },
    domain: { type: 'string' },
    request_id: { type: 'string' },
    details: { type: 'array', items: { type: 'object', additionalProperties: true } },
  },
}

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Repeating a request with its key gives the first answer again (for 24 h, with `Idempotent-Replayed: true`) and does ' +
    'nothing twice. 503 and 429 are not kept. The same key with another body is `INVALID_ARGUMENT`.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token of POST /auth/login, or an access key (vb_…).' },
  accesskey: { type: 'apiKey', in: 'query', name: 'accesskey' },
  accesskeyCookie: { type: 'apiKey', in: 'cookie', name: 'accesskey' },
  token: { type: 'apiKey', in: 'query', name: 'token' },
  tokenCookie: { type: 'apiKey', in: 'cookie', name: 'token' },
}

/** The OpenAPI 3.1 document of these routes: the very schemas that check input and write answers. */
export function openapiDocument(routes: readonly Route[], version: string): Json {
  const schemas: Record<string, Json> = { Error: ERROR, Problem: PROBLEM }
  const paths: Record<string, Json> = {}
  for (const { endpoint } of routes) {
    const path = endpoint.root ? endpoint.path : `/v1.0${endpoint.path}`
    const item = paths[path] ?? {}
    paths[path] = item
    item[endpoint.method.toLowerCase()] = operation(endpoint, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Strowger',
      version,
      description:
        'Calls, flows and webhooks. Every error answer has the shape of Error with a reason of GET /v1.0/errors.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ endpoint }) => tagOf(endpoint)))].sort().map((name) => ({ name })),
    paths: sorted(paths),
    components: {
      schemas: sorted(schemas),
      examples: sorted(examplesOf(routes)),
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY },
      headers: { Help: { description: 'The page of the reason, with `rel="help"`.', schema: { type: 'string' } } },
      responses: {
        ClientError: errorResponse('The request was refused.'),
        ServerError: errorResponse('The platform could not do it.'),
      },
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

/** What an operation can answer with by now. */
function promised(endpoint: Endpoint): Reason[] {
  return [...reasonsOf(endpoint)].filter((reason) => !reason.declaration.pending)
}

/** One answer for each reason that some operation has. */
function examplesOf(routes: readonly Route[]): Record<string, Json> {
  const reasons = new Set(routes.flatMap(({ endpoint }) => promised(endpoint)))
  return Object.fromEntries([...reasons].map((reason) => [exampleName(reason), errorExample(reason)]))
}

function operation(endpoint: Endpoint, schemas: Record<string, Json>): Json {
  const { params, query, allow, summary, description } = endpoint
  const reasons = promised(endpoint)
  const parameters = [
    ...parametersOf('path', params, schemas),
    ...parametersOf('query', query, schemas),
    ...(endpoint.method === 'POST' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ]
  return {
    operationId: operationId(endpoint),
    tags: [tagOf(endpoint)],
    summary,
    ...(description ? { description } : {}),
    security: allow === 'public' ? [] : Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] })),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBody(endpoint, schemas),
    responses: responses(endpoint, reasons, schemas),
    'x-reasons': reasons.map(identity).sort(),
  }
}

function requestBody({ body, bodyOptional, upload }: Endpoint, schemas: Record<string, Json>): Json {
  const sent = upload?.form ?? body
  if (!sent) return {}
  const type = upload ? 'multipart/form-data' : 'application/json'
  return { requestBody: { required: !bodyOptional, content: { [type]: content(sent, 'request', schemas) } } }
}

function responses(endpoint: Endpoint, reasons: readonly Reason[], schemas: Record<string, Json>): Json {
  const byStatus = Map.groupBy(reasons, (reason) => String(HTTP_STATUS[reason.declaration.status]))
  const failures = [...byStatus]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([http, group]) => [
      http,
      {
        ...errorResponse(group.map(sentence).sort().join('\n'), group),
        'x-reasons': group.map(identity).sort(),
      },
    ])
  const { socket, success: code } = endpoint
  return {
    [String(socket ? 101 : (code ?? 200))]: success(endpoint, schemas),
    ...(socket && code
      ? { [String(code)]: { description: 'Never sent: what other servers of this API declare.' } }
      : {}),
    ...Object.fromEntries(failures),
    '4XX': { $ref: '#/components/responses/ClientError' },
    '5XX': { $ref: '#/components/responses/ServerError' },
  }
}

function success(endpoint: Endpoint, schemas: Record<string, Json>): Json {
  const { returns, redirects, socket, page, files = [page ? 'text/html' : 'application/json'] } = endpoint
  if (socket) return { description: 'The connection is a WebSocket now (RFC 6455).' }
  const shown = content(returns, 'answer', schemas)
  if (redirects)
    return {
      description: 'What was asked for is at the address in `Location`.',
      headers: { Location: { required: true, schema: { type: 'string', format: 'uri-reference' } } },
      content: { 'application/json': shown },
    }
  return { description: 'Done.', content: Object.fromEntries(files.map((type) => [type, shown])) }
}

function errorResponse(description: string, reasons: readonly Reason[] = []): Json {
  const examples = Object.fromEntries(
    reasons.map((each) => [exampleName(each), { $ref: EXAMPLES + exampleName(each) }]),
  )
  return {
    description,
    headers: { Link: { $ref: '#/components/headers/Help' } },
    content: {
      'application/json': {
        schema: { $ref: `${COMPONENTS}Error` },
        ...(reasons.length > 0 ? { examples: sorted(examples) } : {}),
      },
      'application/problem+json': { schema: { $ref: `${COMPONENTS}Problem` } },
    },
  }
}

/** The api-manager reasons are everybody's; the others say whose they are. */
function identity({ domain, reason }: Reason): string {
  return domain === apiErrors.INTERNAL.domain ? reason : `${domain}/${reason}`
}

function sentence(reason: Reason): string {
  return `\`${reason.reason}\`: ${reason.declaration.cause}`
}

function parametersOf(where: 'path' | 'query', schema: TObject | undefined, schemas: Record<string, Json>): Json[] {
  if (!schema) return []
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties).map(([name, each]) => {
    const { description, ...node } = document(each, schemas)
    return {
      name,
      in: where,
      required: where === 'path' || required.has(name),
      ...(description ? { description } : {}),
      schema: node,
      ...(where === 'path' ? { example: exampleOf(each, 'request', name) } : {}),
    }
  })
}

/** A body: its schema, and one that fits. */
function content(schema: TSchema, direction: Direction, schemas: Record<string, Json>): Json {
  return { schema: document(schema, schemas), example: exampleOf(schema, direction) }
}

/** The schema as the document shows it: components by name, our own formats under their public name. */
function document(schema: TSchema, schemas: Record<string, Json>): Json {
  return rewrite(schema, (node) => {
    const { $id, ...shown } = node.format === 'id' ? { ...node, format: 'uuid' } : node
    if (typeof $id !== 'string' || isNode(node.$defs)) return shown
    const known = schemas[$id]
    if (known && JSON.stringify(known) !== JSON.stringify(shown))
      throw new InvariantError(`two schemas are named ${$id}`)
    schemas[$id] = shown
    return { $ref: COMPONENTS + $id }
  })
}

/** `POST /calls/{id}/hangup` → `postCallsByIdHangup`: stable while path and method are. */
function operationId({ method, path }: Endpoint): string {
  const words = path
    .replace(/\{(\w+)\}/g, 'by_$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function tagOf({ path }: Endpoint): string {
  return path.split('/')[1] ?? ''
}

function sorted<Value>(map: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
