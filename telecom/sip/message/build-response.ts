import type { ResponseOptions } from '../transaction-user.ts'
import { hasLineBreak } from './characters.ts'
import { type HeaderInput, Headers } from './headers.ts'
import { type SipRequest, SipResponse } from './message.ts'
import { ownBytes } from './own-bytes.ts'
import { reasonPhrase } from './reasons.ts'
import { SipError } from './sip-error.ts'

const COPIED = ['via', 'from', 'to', 'call-id', 'cseq']

/**
 * Builds a response (RFC 3261 §8.2.6): Via, From, To, Call-ID and CSeq are the request's, byte for byte, broken ones
 * included; the To gets `toTag` where it has none. Throws a `SipError` for a header or reason with CR, LF or NUL.
 */
export function buildResponse(
  request: SipRequest,
  status: number,
  options: ResponseOptions & { toTag?: string | undefined; recordRoute?: boolean; defaults?: HeaderInput } = {},
): SipResponse {
  const names: string[] = []
  const values: string[] = []
  let { foreign } = request.headers
  for (const name of COPIED) {
    for (const value of request.headers.all(name)) {
      names.push(name)
      const said = name === 'to' && options.toTag !== undefined ? withTag(value, options.toTag) : value
      if (said !== value && foreign?.has(value)) foreign = new Set([...foreign, said])
      values.push(said)
    }
  }
  if (options.recordRoute) {
    for (const value of request.headers.all('record-route')) {
      names.push('record-route')
      values.push(value)
    }
  }
  if (status === 100) {
    const sent = request.headers.get('timestamp')
    if (sent !== undefined) {
      names.push('timestamp')
      values.push(sent)
    }
  }
  const headers = new Headers(names, values, foreign)
  headers.appendAll(options.defaults)
  headers.appendExtra(options.headers)
  if (options.body) headers.set('Content-Type', options.body.type)
  const reason = options.reason ?? reasonPhrase(status)
  if (hasLineBreak(reason)) throw new SipError('forbidden characters', 'a reason phrase holds CR, LF or NUL')
  const body = options.body && toBuffer(options.body.content)
  return new SipResponse({ status, reason, headers, body })
}

/** Adds our tag; a To that has one, or that cannot be read, stays as it is. */
function withTag(to: string, tag: string): string {
  return hasTag(to) ? to : `${to};tag=${tag}`
}

/** Whether a `;tag=` stands behind the address: outside of quotes and `<>`. */
function hasTag(to: string): boolean {
  let quoted = false
  let parametersFrom = to.indexOf(';')
  for (let at = 0; at < to.length; at++) {
    const code = to.charCodeAt(at)
    if (quoted && code === 92) at++
    else if (code === 34) quoted = !quoted
    else if (!quoted && code === 62) parametersFrom = at + 1
  }
  return parametersFrom >= 0 && /;[ \t]*tag[ \t]*=/i.test(to.slice(parametersFrom))
}

export function toBuffer(content: string | Buffer): Buffer {
  return typeof content === 'string' ? ownBytes(content) : content
}
