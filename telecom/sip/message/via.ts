import { isToken, wholeNumber } from './characters.ts'
import { malformed, type Parameters, parseHeaderParameters, skipBlanks } from './parameters.ts'
import { SipError } from './sip-error.ts'
import { parseHostPort } from './uri.ts'

/** One Via value (RFC 3261 §20.42, RFC 3581). */
export interface Via {
  /** As written: `UDP`, `TCP`, `TLS`, `WS` … */
  readonly transport: string
  readonly host: string
  readonly port: number | undefined
  /** `branch`, `received`, `rport`, `ttl`, `maddr` and the rest. */
  readonly parameters: Parameters
  /** `''` where there is none. */
  readonly branch: string
}

/** Parses one value (not a comma list). Throws a `SipError`. */
export function parseVia(text: string): Via {
  let at = 0
  // the sent-protocol: three tokens with "/" between them, blanks allowed around each
  const parts: string[] = []
  while (parts.length < 3) {
    at = skipBlanks(text, at)
    let end = at
    while (end < text.length && !endsPart(text.charCodeAt(end))) end++
    const part = text.slice(at, end)
    if (!isToken(part)) throw malformed('Via', 'the protocol is malformed')
    parts.push(part)
    at = parts.length < 3 ? skipBlanks(text, end) : end
    if (parts.length < 3 && text.charCodeAt(at++) !== 47) throw malformed('Via', 'the protocol is malformed')
  }
  const [name, version, transport = ''] = parts
  if (name?.toUpperCase() !== 'SIP') throw malformed('Via', 'the protocol is not SIP')
  if (version !== '2.0') throw new SipError('unsupported version', 'Via: the version is not 2.0', { header: 'Via' })
  const hostFrom = skipBlanks(text, at)
  if (hostFrom === at) throw malformed('Via', 'a blank before the host is missing')
  let hostEnd = text.indexOf(';', hostFrom)
  if (hostEnd < 0) hostEnd = text.length
  const { host, port } = sentBy(text.slice(hostFrom, hostEnd))
  const parameters = parseHeaderParameters(text, hostEnd, 'Via')
  const rport = parameters.get('rport')
  if (rport !== undefined && rport !== '' && wholeNumber(rport, 65_535) === undefined) {
    throw malformed('Via', 'rport is no port')
  }
  return { transport, host, port, parameters, branch: parameters.get('branch') ?? '' }
}

/** sent-by, with blanks allowed around its colon. */
function sentBy(text: string): { host: string; port: number | undefined } {
  try {
    return parseHostPort(
      text.includes(' ') || text.includes('\t') ? text.replace(/[ \t]*:[ \t]*|[ \t]+$/g, trim) : text,
    )
  } catch (error) {
    if (error instanceof SipError) throw malformed('Via', 'the host is malformed')
    throw error
  }
}

const trim = (blanks: string): string => (blanks.includes(':') ? ':' : '')

function endsPart(code: number): boolean {
  return code === 47 || code === 32 || code === 9
}

/** A host without the brackets of IPv6. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}
