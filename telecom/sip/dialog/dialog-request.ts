import { toBuffer } from '../message/build-response.ts'
import { type HeaderInput, Headers } from '../message/headers.ts'
import { SipRequest } from '../message/message.ts'
import type { SipBody } from '../transaction-user.ts'
import { type DialogState, routing } from './dialog-state.ts'

/** What a request in a dialog is made of beside the dialog. */
export interface DialogRequestParts {
  readonly method: string
  readonly cseq: number
  /** Value of our Via. */
  readonly via: string
  /** Our Contact on the way that it goes; the dialog's where left out. */
  readonly contact?: string | undefined
  readonly product?: string | undefined
  readonly headers?: HeaderInput | undefined
  readonly body?: SipBody | undefined
}

/** Methods whose requests tell the peer our Contact anew (RFC 3261 §12.2, RFC 3311, RFC 3515, RFC 6665). */
const WITH_CONTACT: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER'])

/** Builds a request in a dialog from nothing but its state (§12.2.1.1): any process that holds the state can. */
export function dialogRequest(state: DialogState, parts: DialogRequestParts): SipRequest {
  const { uri, routes } = routing(state)
  const headers = new Headers()
  headers.append('Via', parts.via)
  headers.append('Max-Forwards', '70')
  for (const route of routes) headers.append('Route', route)
  headers.append('From', `<${state.local_uri}>;tag=${state.local_tag}`)
  headers.append(
    'To',
    state.remote_tag === '' ? `<${state.remote_uri}>` : `<${state.remote_uri}>;tag=${state.remote_tag}`,
  )
  headers.append('Call-ID', state.call_id)
  headers.append('CSeq', `${parts.cseq} ${parts.method}`)
  if (WITH_CONTACT.has(parts.method)) headers.append('Contact', `<${parts.contact ?? state.local_contact}>`)
  if (parts.product !== undefined) headers.append('User-Agent', parts.product)
  headers.appendExtra(parts.headers)
  if (parts.body) headers.set('Content-Type', parts.body.type)
  return new SipRequest({ method: parts.method, uri, headers, body: parts.body && toBuffer(parts.body.content) })
}
