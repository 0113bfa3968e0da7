import type { Hop, HopAnswer } from './exchange.ts'
import { basicAuthorization, parseTarget } from './target.ts'

/** Headers that speak of a body. */
const ABOUT_BODY = ['content-length', 'content-type', 'content-encoding', 'content-language', 'content-location']
/** Headers that must not follow to another origin. */
const FOR_ONE_ORIGIN = ['authorization', 'cookie', 'proxy-authorization', 'www-authenticate']

/**
 * The request that follows an answer: none (`final`), or to the `Location` (RFC 9110 §15.4). 307 and 308 keep method and
 * body, the older ones become GET without a body. Credentials stay with their origin.
 */
export function nextHop(hop: Hop, { status, headers }: HopAnswer): Hop | 'final' | 'nowhere' {
  const keeps = status === 307 || status === 308
  if (!(keeps || status === 301 || status === 302 || status === 303)) return 'final'
  if (headers.location === undefined) return 'final'
  const url = parseTarget(headers.location, hop.url)
  if (url === undefined) return 'nowhere'
  url.hash = ''
  const dropped = [...(keeps ? [] : ABOUT_BODY), ...(url.origin === hop.url.origin ? [] : FOR_ONE_ORIGIN)]
  const kept = Object.entries(hop.headers).filter(([name]) => !dropped.includes(name.toLowerCase()))
  const authorization = basicAuthorization(url)
  return {
    url,
    method: keeps || hop.method === 'HEAD' ? hop.method : 'GET',
    headers: { ...Object.fromEntries(kept), ...(authorization === undefined ? {} : { authorization }) },
    body: keeps ? hop.body : undefined,
  }
}
