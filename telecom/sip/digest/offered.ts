import { hasLineBreak } from '../message/characters.ts'
import { readable } from '../message/lenient-list.ts'
import { type AuthParameters, parseAuthorization } from './credentials.ts'
import { algorithmOf, type DigestAlgorithm } from './hash.ts'

/** A challenge of somebody else's that we can answer. */
export interface OfferedChallenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: DigestAlgorithm
  /** `MD5-sess` and its like. */
  readonly session: boolean
  /** As it was written; `undefined` where none was. */
  readonly algorithmName: string | undefined
  /** Whether `qop=auth` is asked for; without it the answer is that of RFC 2069. */
  readonly qop: boolean
  readonly opaque: string | undefined
  /** Only the nonce was too old: the secret may well have been right (RFC 7616 §3.3). */
  readonly stale: boolean
}

/**
 * The challenges of WWW-Authenticate or Proxy-Authenticate values that we can answer, in the order of the server, which is
 * its preference (RFC 8760 §2.4). Other schemes and algorithms, `auth-int`, what cannot be read and what an answer cannot
 * repeat (a quoted NUL would have to stand in a header of ours) are left out.
 */
export function offeredChallenges(values: readonly string[]): OfferedChallenge[] {
  return values.flatMap((value) => {
    const parsed = readable(() => parseAuthorization(value, 'WWW-Authenticate'))
    const challenge = parsed && challengeOf(parsed)
    return challenge ? [challenge] : []
  })
}

function challengeOf({ scheme, parameters }: AuthParameters): OfferedChallenge | undefined {
  const algorithmName = parameters.get('algorithm')
  const chosen = algorithmOf(algorithmName)
  const realm = parameters.get('realm')
  const nonce = parameters.get('nonce')
  const opaque = parameters.get('opaque')
  if (scheme !== 'digest' || !chosen || realm === undefined || !nonce) return undefined
  // the answer repeats these, and a header holds no line break
  if ([realm, nonce, algorithmName, opaque].some((text) => text !== undefined && hasLineBreak(text))) return undefined
  const offered = parameters
    .get('qop')
    ?.toLowerCase()
    .split(',')
    .map((one) => one.trim())
  if (offered && !offered.includes('auth')) return undefined
  const stale = parameters.get('stale')?.toLowerCase() === 'true'
  return { ...chosen, realm, nonce, algorithmName, qop: offered !== undefined, opaque, stale }
}
