import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import {
  digestChallenge,
  digestCredentials,
  ha1Of,
  Nonces,
  SipError,
  type SipRequest,
  verifyDigest,
} from '#telecom/sip'

/** What the carrier is called where it asks who somebody is. */
export const REALM = 'sandbox'

/** Asks who sends a request (RFC 3261 §22), for numbers and registrations that want to know. */
export class DigestDoor {
  readonly #nonces: Nonces

  constructor({ clock, ids }: { clock: Clock; ids: Ids }) {
    this.#nonces = new Nonces({ key: ids.bytes(32), clock })
  }

  /** Whether the request proves this password. */
  isProved(request: SipRequest, { username, password }: { username: string; password: string }): boolean {
    const credentials = credentialsOf(request)
    if (credentials?.username !== username || this.#nonces.check(credentials.nonce, REALM) !== 'fresh') return false
    return verifyDigest({ credentials, method: request.method, ha1: ha1Of(username, REALM, password) })
  }

  /** The header of a 401 that asks for it. */
  challenge(): { 'WWW-Authenticate': string[] } {
    return { 'WWW-Authenticate': digestChallenge({ realm: REALM, nonce: this.#nonces.issue(REALM) }) }
  }
}

function credentialsOf(request: SipRequest) {
  try {
    return digestCredentials(request, REALM)
  } catch (error) {
    if (!(error instanceof SipError)) throw error
    return undefined
  }
}
