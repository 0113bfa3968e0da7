import type { HeaderInput } from './message/headers.ts'
import type { SipRequest } from './message/message.ts'
import { parseMediaType } from './message/message.ts'
import { ALLOWED_METHODS, isKnownMethod } from './message/methods.ts'

/** A refusal before anybody above has seen the request. */
export interface Refusal {
  readonly status: number
  readonly reason?: string
  readonly headers?: HeaderInput
}

/** What the stack lets through. */
export interface IngressRules {
  /** Methods that its user takes outside of dialogs, beside INVITE. */
  readonly methods: readonly string[]
  readonly supported: readonly string[]
}

/** Methods that the stack itself understands outside of dialogs. */
const OWN_METHODS: readonly string[] = ['INVITE', 'OPTIONS', 'BYE', 'CANCEL', 'ACK', 'INFO', 'UPDATE', 'PRACK']

/**
 * What a UAS looks at before it acts on a request (RFC 3261 §8.2.1 to §8.2.3): method, Request-URI, Require, content.
 * `undefined` = nothing speaks against it.
 */
export function inspect(request: SipRequest, rules: IngressRules): Refusal | undefined {
  return (
    inspectMethod(request, rules) ?? inspectUri(request) ?? inspectRequire(request, rules) ?? inspectContent(request)
  )
}

function inspectMethod(request: SipRequest, rules: IngressRules): Refusal | undefined {
  const { method } = request
  if (OWN_METHODS.includes(method) || rules.methods.includes(method)) return undefined
  if (method === 'REFER' && request.toTag === '') return { status: 403, reason: 'Only In A Dialog' }
  const inDialog = request.toTag !== ''
  if (isKnownMethod(method) && inDialog) return undefined
  if (method === 'SUBSCRIBE') return { status: 489 }
  const headers = { Allow: ALLOWED_METHODS.join(', ') }
  return { status: isKnownMethod(method) ? 405 : 501, headers }
}

function inspectUri(request: SipRequest): Refusal | undefined {
  if (request.uri.kind === 'absolute') return { status: 416 }
  // §10.3: an address of record is a SIP or SIPS URI
  if (request.method === 'REGISTER' && request.to.uri.kind !== 'sip') return { status: 400, reason: 'To Is No SIP URI' }
  return undefined
}

/** §8.2.2.3; not looked at in a CANCEL or an ACK. */
function inspectRequire(request: SipRequest, rules: IngressRules): Refusal | undefined {
  const { headers, method } = request
  if (!headers.has('require') || method === 'CANCEL' || method === 'ACK') return undefined
  const unsupported = headers.list('require').filter((tag) => !rules.supported.includes(tag))
  return unsupported.length > 0 ? { status: 420, headers: { Unsupported: unsupported.join(', ') } } : undefined
}

/** §8.2.3: a body that we must understand and do not. INFO and the methods of the user's own carry whatever they like. */
function inspectContent(request: SipRequest): Refusal | undefined {
  const { headers, method } = request
  const carriesOffer = method === 'INVITE' || method === 'UPDATE'
  if (request.body.length > 0 && carriesOffer && !isOptional(request)) {
    const encoding = headers.get('content-encoding')?.toLowerCase()
    if (encoding !== undefined && encoding !== 'identity') {
      return { status: 415, headers: { 'Accept-Encoding': 'identity' } }
    }
    const type = request.contentType?.type
    // §20.15: a body without a type cannot be understood either
    if (type !== 'application/sdp') return { status: 415, headers: { Accept: 'application/sdp' } }
  }
  if (method === 'INVITE' && !acceptsSdp(request)) {
    return { status: 406, headers: { Warning: '399 strowger "No answer can be given in a type that Accept names"' } }
  }
  return undefined
}

function isOptional(request: SipRequest): boolean {
  const disposition = request.headers.get('content-disposition')?.toLowerCase()
  return disposition?.replace(/[ \t]/g, '').includes('handling=optional') ?? false
}

/** §20.1: without Accept it is application/sdp; an empty one accepts nothing. */
function acceptsSdp(request: SipRequest): boolean {
  if (!request.headers.has('accept')) return true
  return request.headers
    .list('accept')
    .map((value) => parseMediaType(value, 'Accept').type)
    .some((type) => type === 'application/sdp' || type === 'application/*' || type === '*/*')
}
