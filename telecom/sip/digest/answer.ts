import { parseAuthorization, writeDigest } from './credentials.ts'
import { algorithmOf, digestResponse, ha1Of } from './hash.ts'

/** With what a client proves itself: a password, or the HA1s that were made of it for the realm. */
export type ClientSecret =
  | { readonly username: string; readonly password: string }
  | { readonly username: string; readonly ha1: { readonly md5?: string; readonly sha256?: string } }

/**
 * Answers a 401 or 407: the value for Authorization or Proxy-Authorization, for the first of the given WWW-Authenticate /
 * Proxy-Authenticate values that we can answer (RFC 8760 §2.4: the server's order is its preference). `undefined` when
 * there is none. `nc` counts the uses of this nonce from 1; `cnonce` is fresh random text.
 */
export function answerChallenge(options: {
  challenges: readonly string[]
  method: string
  uri: string
  secret: ClientSecret
  cnonce: string
  nc?: number
}): string | undefined {
  for (const text of options.challenges) {
    const { scheme, parameters } = parseAuthorization(text, 'WWW-Authenticate')
    const chosen = algorithmOf(parameters.get('algorithm'))
    const realm = parameters.get('realm')
    const nonce = parameters.get('nonce')
    if (scheme !== 'digest' || !chosen || realm === undefined || !nonce) continue
    const offered = parameters
      .get('qop')
      ?.toLowerCase()
      .split(',')
      .map((one) => one.trim())
    if (offered && !offered.includes('auth')) continue
    const { secret, cnonce } = options
    const ha1s = 'password' in secret ? ha1Of(secret.username, realm, secret.password) : secret.ha1
    const ha1 = chosen.algorithm === 'MD5' ? ha1s.md5 : ha1s.sha256
    if (!ha1) continue
    const nc = (options.nc ?? 1).toString(16).padStart(8, '0')
    const answer = new Map([
      ['username', secret.username],
      ['realm', realm],
      ['nonce', nonce],
      ['uri', options.uri],
      [
        'response',
        digestResponse({
          ...chosen,
          ha1,
          nonce,
          method: options.method,
          uri: options.uri,
          cnonce,
          qop: offered ? { nc, cnonce } : undefined,
        }),
      ],
    ])
    const algorithm = parameters.get('algorithm')
    if (algorithm !== undefined) answer.set('algorithm', algorithm)
    if (offered || chosen.session) answer.set('cnonce', cnonce)
    if (offered) answer.set('qop', 'auth').set('nc', nc)
    const opaque = parameters.get('opaque')
    if (opaque !== undefined) answer.set('opaque', opaque)
    return writeDigest(answer, ['algorithm', 'qop', 'nc'])
  }
  return undefined
}
