import type { Core } from './core.ts'
import { toBuffer } from './message/build-response.ts'
import { isToken } from './message/characters.ts'
import { Headers } from './message/headers.ts'
import { SipRequest } from './message/message.ts'
import { parseNameAddr, writeNameAddr } from './message/name-addr.ts'
import { NO_PARAMETERS, type Parameters } from './message/parameters.ts'
import { SipError } from './message/sip-error.ts'
import { escapeUser, parseUri } from './message/uri.ts'
import type { OutgoingRequest } from './transaction-user.ts'
import type { Flow, Transport } from './transport/flow.ts'

/** The value of our Via on a flow: where responses are to come, with `rport` (RFC 3581 §3). */
export function requestVia(flow: Flow, branch: string): string {
  const { host, port } = flow.listener.advertised
  return `SIP/2.0/${flow.transport.toUpperCase()} ${host}:${port};branch=${branch};rport`
}

/** Our Contact URI on a listener; its user part is node and incarnation but in a registration. */
export function contactUri(user: string, listener: Transport): string {
  const { host, port } = listener.advertised
  const transport = listener.transport === 'udp' ? '' : `;transport=${listener.transport}`
  return `sip:${user}@${host}:${port}${transport}`
}

/** What a request outside of any dialog is made of. */
export interface RequestParts extends OutgoingRequest {
  /** A fresh one where it is left out. */
  readonly fromTag?: string
  /** The user part of our Contact in place of node and incarnation, and the parameters behind it. */
  readonly contact?: { readonly user: string; readonly parameters?: Parameters }
}

/** Builds a request outside of any dialog (§8.1.1). Throws a `SipError` for parts that cannot be. */
export function buildRequest(core: Core, outgoing: RequestParts, flow: Flow): SipRequest {
  const { method, uri } = outgoing
  if (!isToken(method)) throw new SipError('malformed start line', 'the method is no token')
  parseUri(uri)
  const contact = contactUri(escapeUser(outgoing.contact?.user ?? core.identity.prefix), flow.listener)
  const headers = new Headers()
  headers.append('Via', requestVia(flow, core.identity.branch()))
  headers.append('Max-Forwards', String(outgoing.maxForwards ?? 70))
  for (const route of outgoing.route ?? []) headers.append('Route', route)
  headers.append('From', `${address(outgoing.from ?? contact, 'From')};tag=${outgoing.fromTag ?? core.identity.tag()}`)
  headers.append('To', address(outgoing.to ?? uri, 'To'))
  headers.append('Call-ID', outgoing.callId ?? core.identity.callId())
  headers.append('CSeq', `${outgoing.cseq ?? 1} ${method}`)
  headers.append('Contact', writeNameAddr({ uri: contact, parameters: outgoing.contact?.parameters ?? NO_PARAMETERS }))
  if (core.product !== undefined) headers.append('User-Agent', core.product)
  headers.appendExtra(outgoing.headers)
  if (outgoing.body) headers.set('Content-Type', outgoing.body.type)
  return new SipRequest({ method, uri, headers, body: outgoing.body && toBuffer(outgoing.body.content) })
}

/** An address as name-addr, whatever it was; a tag of the caller's own is cut off. */
function address(text: string, header: string): string {
  const { displayName, uri, parameters } = parseNameAddr(text, header)
  const rest = new Map(parameters)
  rest.delete('tag')
  return writeNameAddr({ displayName, uri: uri.text, parameters: rest })
}
