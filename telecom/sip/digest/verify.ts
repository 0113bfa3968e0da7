import type { SipRequest } from '../message/message.ts'
import { SipError } from '../message/sip-error.ts'
import { parseUri } from '../message/uri.ts'
import { parseAuthorization } from './credentials.ts'
import { algorithmOf, digestResponse, type Ha1 } from './hash.ts'
import { sameText } from './nonce.ts'

/** What a client put into its Authorization header. */
export interface DigestCredentials {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  /** As written; absent = MD5. */
  readonly algorithm: string | undefined
  readonly cnonce: string | undefined
  /** Eight hex digits; absent without qop. */
  readonly nc: string | undefined
  /** `auth`; absent for clients of RFC 2069. */
  readonly qop: string | undefined
}

/**
 * The Digest credentials of a request for one realm; `undefined` where it has none (also for another scheme, and for
 * credentials that lack a field). Throws a `SipError` for a malformed header.
 */
export function digestCredentials(request: SipRequest, realm?: string): DigestCredentials | undefined {
  for (const line of request.headers.all('authorization')) {
    const credentials = readCredentials(line)
    if (credentials && (realm === undefined || credentials.realm === realm)) return credentials
  }
  return undefined
}

/** Reads one Authorization value. */
export function readCredentials(text: string): DigestCredentials | undefined {
  const { scheme, parameters } = parseAuthorization(text)
  if (scheme !== 'digest') return undefined
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) =>
    parameters.get(name),
  )
  if (!username || realm === undefined || !nonce || !uri || !response) return undefined
  return {
    username,
    realm,
    nonce,
    uri,
    response: response.toLowerCase(),
    algorithm: parameters.get('algorithm'),
    cnonce: parameters.get('cnonce'),
    nc: parameters.get('nc'),
    qop: parameters.get('qop')?.toLowerCase(),
  }
}

/**
 * Whether the client knows the password behind `ha1`. Checks neither realm nor nonce (`Nonces.check` does). `uri` is the
 * Request-URI: the credentials must be for the same user and host, so that those for one call cannot make another.
 * Takes the same time for a right and a wrong response.
 */
export function verifyDigest(options: {
  credentials: DigestCredentials
  method: string
  uri?: string
  ha1: Partial<Ha1>
}): boolean {
  const { credentials, method } = options
  const chosen = algorithmOf(credentials.algorithm)
  const ha1 = chosen?.algorithm === 'MD5' ? options.ha1.md5 : options.ha1.sha256
  if (!chosen || !ha1) return false
  const { qop, nc, cnonce, nonce, uri } = credentials
  if (qop !== undefined && (qop !== 'auth' || !nc || !NC.test(nc) || !cnonce)) return false
  const expected = digestResponse({
    ...chosen,
    ha1: ha1.toLowerCase(),
    nonce,
    method,
    uri,
    cnonce,
    qop: qop === undefined ? undefined : { nc: nc ?? '', cnonce: cnonce ?? '' },
  })
  const right = sameText(expected, credentials.response)
  return right && (options.uri === undefined || sameResource(uri, options.uri))
}

const NC = /^[0-9a-fA-F]{8}$/

/** Phones add or leave out port and parameters, and some name the server alone: the host decides, and a user that is there. */
function sameResource(a: string, b: string): boolean {
  if (a === b) return true
  try {
    const left = parseUri(a)
    const right = parseUri(b)
    if (left.kind === 'sip' && right.kind === 'sip')
      return left.host === right.host && (left.user === '' || left.user === right.user)
    return left.kind === 'tel' && right.kind === 'tel' && left.number === right.number
  } catch (error) {
    if (error instanceof SipError) return false
    throw error
  }
}
