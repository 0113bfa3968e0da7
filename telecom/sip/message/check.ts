import { isToken, isWord } from './characters.ts'
import { usualSpelling } from './headers.ts'
import type { SipMessage, SipRequest, SipResponse } from './message.ts'
import { isKnownMethod } from './methods.ts'
import { malformed } from './parameters.ts'
import { SipError } from './sip-error.ts'

/** Headers of which there is one, with one value (RFC 3261 §7.3.1). */
const SINGLE = ['from', 'to', 'call-id', 'cseq', 'max-forwards', 'content-length', 'content-type']

/**
 * Looks at what every element needs before it acts on a request: the six mandatory headers (Max-Forwards may be missing,
 * as in RFC 2543), the Request-URI, and the Contact and Route values that will be used later. Throws a `SipError` with
 * the status that the sender deserves.
 */
export function checkRequest(request: SipRequest, viaHops: number): void {
  checkVias(request, viaHops)
  checkCommon(request)
  // RFC 4475 §3.1.2.18: an unknown method is 501, whatever its CSeq says
  if (request.cseq.method !== request.method && isKnownMethod(request.method)) {
    throw new SipError('mismatched method', 'CSeq names another method', { header: 'CSeq' })
  }
  const { uri } = request
  if (uri.kind === 'sip' && uri.headers !== '') {
    throw new SipError('malformed uri', 'the Request-URI holds headers') // §19.1.1 table 1
  }
  const lines = request.headers
  if (lines.has('contact')) checkContact(request)
  if (lines.has('route')) request.nameAddrs('route')
  if (lines.has('record-route')) request.nameAddrs('record-route')
  if (request.body.length > 0 && lines.has('content-type')) request.contentType
}

/** What makes a response usable; throws a `SipError` for one that is to be dropped. */
export function checkResponse(response: SipResponse): void {
  if (response.vias.length !== 1) {
    throw new SipError('malformed header', 'a response with more than one Via is not for us') // §8.1.3.3
  }
  checkCommon(response)
}

function checkVias(request: SipRequest, viaHops: number): void {
  const lines = request.headers.count('via')
  if (lines === 0) throw new SipError('missing header', 'Via is missing', { header: 'Via' })
  // every value is looked at, because responses carry them all back
  if (lines > viaHops || request.vias.length > viaHops) {
    throw new SipError('too many hops', 'the request came over too many hops', { header: 'Via' })
  }
}

function checkCommon(message: SipMessage): void {
  const repeated = message.headers.repeated(SINGLE)
  if (repeated !== undefined) {
    const header = usualSpelling(repeated)
    throw new SipError('repeated header', `${header} stands there twice`, { header })
  }
  const { fromTag, toTag, callId, cseq } = message
  if (fromTag !== '' && !isToken(fromTag)) throw malformed('From', 'the tag is no token')
  if (toTag !== '' && !isToken(toTag)) throw malformed('To', 'the tag is no token')
  const at = callId.indexOf('@')
  if (!(at < 0 ? isWord(callId) : isWord(callId.slice(0, at)) && isWord(callId.slice(at + 1)))) {
    throw malformed('Call-ID', 'it has a character that it must not have')
  }
  if (!isToken(cseq.method)) throw malformed('CSeq', 'the method is no token')
}

/** `*` may stand alone, in a REGISTER only; an INVITE has one Contact. */
function checkContact(request: SipRequest): void {
  if (request.headers.all('contact').some((line) => line.includes('*'))) {
    const values = request.headers.list('contact')
    if (values.includes('*') && (request.method !== 'REGISTER' || values.length > 1)) {
      throw malformed('Contact', '"*" stands alone, in a REGISTER')
    }
  }
  request.contacts
}
