import { apiErrors } from './errors.ts'
import type { Credentials } from './identity.ts'

/** What an access key begins with; a bearer that begins so is one. */
const ACCESSKEY_PREFIX = 'vb_'

const BEARER = /^Bearer +([^\s]+) *$/i

/** The part of a request that can carry credentials. */
export interface Carrier {
  headers: Readonly<Record<string, string | string[] | undefined>>
  query: unknown
}

/**
 * Reads credentials in the order of `platform.md` §3.1: token from cookie, query, header; access key from cookie, query,
 * header. Throws `AUTHENTICATION_REQUIRED` where there are none and `INVALID_CREDENTIALS` where they have no readable form.
 */
export function readCredentials({ headers, query }: Carrier): Credentials {
  const asked = query as Readonly<Record<string, unknown>>
  const cookies = typeof headers.cookie === 'string' ? headers.cookie : ''
  const bearer = bearerOf(headers.authorization)
  const isKey = bearer?.startsWith(ACCESSKEY_PREFIX) ?? false
  const token = cookie(cookies, 'token') || one(asked.token) || (isKey ? '' : bearer)
  const accesskey = cookie(cookies, 'accesskey') || one(asked.accesskey) || (isKey ? bearer : '')
  if (!token && !accesskey) throw apiErrors.AUTHENTICATION_REQUIRED()
  return { ...(token ? { token } : {}), ...(accesskey ? { accesskey } : {}) }
}

function bearerOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined
  const match = typeof header === 'string' ? BEARER.exec(header) : null
  if (!match) throw apiErrors.INVALID_CREDENTIALS()
  return match[1]
}

/** A query value that is there once; several of the same name are no credentials. */
function one(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') throw apiErrors.INVALID_CREDENTIALS()
  return value
}

/** The value of a cookie (RFC 6265 §4.2.1); empty where it is not there. */
export function cookie(header: string, name: string): string {
  if (header === '') return ''
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) continue
    const value = pair.slice(at + 1).trim()
    return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value
  }
  return ''
}
