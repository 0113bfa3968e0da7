import type { SipRequest } from './message.ts'
import { parseNameAddr } from './name-addr.ts'
import { malformed } from './parameters.ts'
import { parseReplaces, type Replaces } from './replaces.ts'
import { SipError } from './sip-error.ts'
import type { SipUri } from './uri.ts'

/** Longer than any address that is meant seriously. */
const MOST_CHARACTERS = 2_048

/** What a REFER asks for (RFC 3515): a call to `target`, in the place of a dialog of its where `replaces` names one. */
export interface ReferTo {
  /** A SIP, SIPS or tel URI, without the headers that stood in it. */
  readonly target: string
  readonly replaces: Replaces | undefined
  /** The URI of Referred-By (RFC 3892); `''` where there is none. */
  readonly referredBy: string
}

/**
 * Reads a REFER. Of the headers in its URI only Replaces counts: nobody else writes headers into calls of ours. Throws a
 * `SipError`: 400 without exactly one Refer-To that can be read, 416 for a scheme that cannot be called, 403 where another
 * method than INVITE is asked for.
 */
export function readRefer(request: SipRequest): ReferTo {
  const [line, ...more] = request.headers.all('refer-to')
  if (line === undefined) throw new SipError('missing header', 'Refer-To is missing', { header: 'Refer-To' })
  if (more.length > 0) throw new SipError('repeated header', 'Refer-To stands there twice', { header: 'Refer-To' })
  if (line.length > MOST_CHARACTERS) throw malformed('Refer-To', 'it is too long')
  const { uri } = parseNameAddr(line, 'Refer-To')
  const referredBy = referrerOf(request)
  if (uri.kind === 'absolute')
    throw new SipError('unsupported uri scheme', 'Refer-To: such a URI cannot be called', { header: 'Refer-To' })
  if (uri.kind === 'tel') return { target: uri.text, replaces: undefined, referredBy }
  if ((uri.parameters.get('method') ?? 'INVITE') !== 'INVITE')
    throw new SipError('malformed header', 'Refer-To: only an INVITE can be asked for', {
      header: 'Refer-To',
      status: 403,
    })
  const replaces = headersOf(uri).filter(([name]) => name === 'replaces')
  if (replaces.length > 1) throw malformed('Refer-To', 'Replaces stands in it twice')
  const [wanted] = replaces
  return { target: withoutHeaders(uri), replaces: wanted && parseReplaces(wanted[1]), referredBy }
}

function referrerOf(request: SipRequest): string {
  const line = request.headers.get('referred-by')
  if (line === undefined) return ''
  if (line.length > MOST_CHARACTERS) throw malformed('Referred-By', 'it is too long')
  return parseNameAddr(line, 'Referred-By').uri.text
}

/** `name=value&name=value`, unescaped, the names in lower case (RFC 3261 §19.1.1). */
function headersOf(uri: SipUri): [string, string][] {
  if (uri.headers === '') return []
  return uri.headers.split('&').map((header) => {
    const equals = header.indexOf('=')
    if (equals < 1) throw malformed('Refer-To', 'a header in its URI has no name or no value')
    return [unescaped(header.slice(0, equals)).toLowerCase(), unescaped(header.slice(equals + 1))]
  })
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('Refer-To', 'an escape in its URI is none')
  }
}

function withoutHeaders(uri: SipUri): string {
  const bare = uri.text.slice(0, uri.text.length - uri.headers.length)
  const text = bare.endsWith('?') ? bare.slice(0, -1) : bare
  return text.replace(/;method=[^;]*/i, '')
}
