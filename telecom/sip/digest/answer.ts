import { writeDigest } from './credentials.ts'
import { digestResponse, ha1Of } from './hash.ts'
import { type OfferedChallenge, offeredChallenges } from './offered.ts'

/** With what a client proves itself: a password, or the HA1s that were made of it for the realm. */
export type ClientSecret =
  | { readonly username: string; readonly password: string }
  | { readonly username: string; readonly ha1: { readonly md5?: string; readonly sha256?: string } }

/** What an answer is for, beside the challenge. */
export interface AnswerParts {
  readonly method: string
  readonly uri: string
  readonly secret: ClientSecret
  /** Fresh random text. */
  readonly cnonce: string
  /** Counts the uses of this nonce from 1, which is the default. */
  readonly nc?: number
}

/**
 * Answers a 401 or 407: the value for Authorization or Proxy-Authorization, for the first of the given WWW-Authenticate /
 * Proxy-Authenticate values that we can answer. `undefined` when there is none.
 */
export function answerChallenge(options: AnswerParts & { challenges: readonly string[] }): string | undefined {
  for (const challenge of offeredChallenges(options.challenges)) {
    const answer = answerTo(challenge, options)
    if (answer !== undefined) return answer
  }
  return undefined
}

/** The answer to one challenge; `undefined` where the secret is none for its algorithm. */
export function answerTo(challenge: OfferedChallenge, parts: AnswerParts): string | undefined {
  const { realm, nonce, algorithm, session, algorithmName, opaque } = challenge
  const { method, uri, secret, cnonce } = parts
  const ha1s = 'password' in secret ? ha1Of(secret.username, realm, secret.password) : secret.ha1
  const ha1 = algorithm === 'MD5' ? ha1s.md5 : ha1s.sha256
  if (!ha1) return undefined
  const nc = (parts.nc ?? 1).toString(16).padStart(8, '0')
  const qop = challenge.qop ? { nc, cnonce } : undefined
  const response = digestResponse({ algorithm, session, ha1, nonce, method, uri, cnonce, qop })
  const answer = new Map([
    ['username', secret.username],
    ['realm', realm],
    ['nonce', nonce],
    ['uri', uri],
    ['response', response],
  ])
  if (algorithmName !== undefined) answer.set('algorithm', algorithmName)
  if (qop || session) answer.set('cnonce', cnonce)
  if (qop) answer.set('qop', 'auth').set('nc', nc)
  if (opaque !== undefined) answer.set('opaque', opaque)
  return writeDigest(answer, ['algorithm', 'qop', 'nc'])
}
