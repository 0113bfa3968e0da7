import type { Clock } from '#platform/time'
import {
  type DigestAlgorithm,
  type DigestCredentials,
  digestChallenge,
  digestCredentials,
  Nonces,
  type RemoteAddress,
  type SipRequest,
  verifyDigest,
} from '#telecom/sip'
import { AttemptLimit } from './attempt-limit.ts'

/** Of a password: H(username ":" realm ":" password) in lower-case hex, by MD5 and by SHA-256 (RFC 7616 §3.4.2). */
export interface DigestSecrets {
  ha1_md5: string
  ha1_sha256: string
}

/** No username is longer. Those that fail are remembered, so that one that is longer counts as no credentials at all. */
const LONGEST_USERNAME = 255

/** What became of the question who sends a request. */
export type DigestAnswer<Sender> =
  | { outcome: 'passed'; sender: Sender }
  /** Answer 401 with these headers. */
  | { outcome: 'challenge'; headers: { 'WWW-Authenticate': string[] } }
  /** Answer 403: too many wrong passwords for this username from this source. */
  | { outcome: 'blocked' }

/** Compared with where there is no such username, so that the answer takes as long. */
const NOBODY = { md5: '0'.repeat(32), sha256: '0'.repeat(64) }

export interface DigestGateNeeds {
  clock: Clock
  /** At least 32 secret bytes, the same on every node. */
  nonceKey: Uint8Array
  /** What is challenged for; MD5 alone unless said. */
  algorithms?: readonly DigestAlgorithm[]
}

/**
 * Asks for a password (RFC 3261 §22, always 401) and checks it. Whether a username exists cannot be told from the answers:
 * unknown ones are challenged, refused and limited like wrong passwords.
 */
export class DigestGate {
  readonly #nonces: Nonces
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #limit: AttemptLimit

  constructor({ clock, nonceKey, algorithms }: DigestGateNeeds) {
    this.#nonces = new Nonces({ key: nonceKey, clock })
    this.#algorithms = algorithms ?? ['MD5']
    this.#limit = new AttemptLimit(clock)
  }

  /**
   * Who sends this; `find` gives whoever has a username in the realm. Throws a `SipError` for a malformed Authorization, and
   * what `find` throws.
   */
  async check<Sender extends DigestSecrets>(
    request: SipRequest,
    realm: string,
    source: RemoteAddress,
    find: (username: string) => Promise<Sender | undefined>,
  ): Promise<DigestAnswer<Sender>> {
    const credentials = digestCredentials(request, realm)
    if (!credentials || credentials.username.length > LONGEST_USERNAME) return this.#challenge(realm)
    const aor = `${credentials.username}@${realm}`
    if (this.#limit.isBlocked(aor, source.address)) return { outcome: 'blocked' }
    const nonce = this.#nonces.check(credentials.nonce, realm)
    if (nonce === 'foreign') return this.#challenge(realm)
    const sender = await find(credentials.username)
    if (!knows(credentials, request, sender)) {
      this.#limit.failed(aor, source.address)
      return this.#challenge(realm)
    }
    if (nonce === 'stale') return this.#challenge(realm, true)
    this.#limit.succeeded(aor, source.address)
    return sender ? { outcome: 'passed', sender } : this.#challenge(realm)
  }

  #challenge(realm: string, stale = false): { outcome: 'challenge'; headers: { 'WWW-Authenticate': string[] } } {
    const nonce = this.#nonces.issue(realm)
    const values = digestChallenge({ realm, nonce, algorithms: this.#algorithms, ...(stale ? { stale } : {}) })
    return { outcome: 'challenge', headers: { 'WWW-Authenticate': values } }
  }
}

function knows(credentials: DigestCredentials, request: SipRequest, sender: DigestSecrets | undefined): boolean {
  const ha1 = sender ? { md5: sender.ha1_md5, sha256: sender.ha1_sha256 } : NOBODY
  const right = verifyDigest({ credentials, method: request.method, uri: request.uriText, ha1 })
  return right && sender !== undefined
}
