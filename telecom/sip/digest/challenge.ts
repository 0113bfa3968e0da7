import { writeDigest } from './credentials.ts'
import type { DigestAlgorithm } from './hash.ts'

/**
 * The values of WWW-Authenticate, one per algorithm in the given order (MD5 first: real phones stop at an unknown one).
 * As a UAS we always answer 401, never 407 (RFC 3261 §22.2).
 */
export function digestChallenge(options: {
  realm: string
  nonce: string
  algorithms?: readonly DigestAlgorithm[]
  /** The password may well have been right; only the nonce was too old. */
  stale?: boolean
}): string[] {
  return (options.algorithms ?? ['MD5']).map((algorithm) => {
    const parameters = new Map([
      ['realm', options.realm],
      ['nonce', options.nonce],
      ['algorithm', algorithm],
      ['qop', 'auth'],
    ])
    if (options.stale) parameters.set('stale', 'true')
    return writeDigest(parameters, ['algorithm', 'stale'])
  })
}
