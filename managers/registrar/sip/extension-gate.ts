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
import { type ExtensionCredentials, type ExtensionCredentialsReader, registrarRealm } from '../credentials.ts'
import { AttemptLimit } from './attempt-limit.ts'

/** What became of the question who sends a request. */
export type GateAnswer =
  | { outcome: 'passed'; extension: ExtensionCredentials }
  /** Answer 401 with these headers. */
  | { outcome: 'challenge'; headers: { 'WWW-Authenticate': string[] } }
  /** Answer 403: too many wrong passwords for this extension from this source. */
  | { outcome: 'blocked' }

/** Compared with where there is no such extension, so that the answer takes as long. */
const NOBODY = { md5: '0'.repeat(32), sha256: '0'.repeat(64) }

/**
 * Asks phones for the password of their extension (RFC 3261 §22, always 401) and checks it. Whether an extension exists
 * cannot be told from the answers: unknown ones are challenged, refused and limited like wrong passwords.
 */
export class ExtensionGate {
  readonly #base: string
  readonly #nonces: Nonces
  readonly #credentials: ExtensionCredentialsReader
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #limit: AttemptLimit

  /** `nonceKey`: at least 32 secret bytes, the same on every node. `base`: the platform's SIP domain. */
  constructor(needs: {
    clock: Clock
    base: string
    nonceKey: Uint8Array
    credentials: ExtensionCredentialsReader
    algorithms?: readonly DigestAlgorithm[]
  }) {
    this.#base = needs.base
    this.#nonces = new Nonces({ key: needs.nonceKey, clock: needs.clock })
    this.#credentials = needs.credentials
    this.#algorithms = needs.algorithms ?? ['MD5']
    this.#limit = new AttemptLimit(needs.clock)
  }

  /**
   * Who of the customer's extensions sends this. Throws a `SipError` for a malformed Authorization, and what the look-up
   * throws while the database is away.
   */
  async check(request: SipRequest, customer: string, source: RemoteAddress): Promise<GateAnswer> {
    const realm = registrarRealm(customer, this.#base)
    const credentials = digestCredentials(request, realm)
    if (!credentials) return this.#challenge(realm)
    const aor = `${credentials.username}@${realm}`
    if (this.#limit.isBlocked(aor, source.address)) return { outcome: 'blocked' }
    const nonce = this.#nonces.check(credentials.nonce, realm)
    if (nonce === 'foreign') return this.#challenge(realm)
    const extension = await this.#credentials.findCredentials(customer, credentials.username)
    if (!this.#knows(credentials, request, extension)) {
      this.#limit.failed(aor, source.address)
      return this.#challenge(realm)
    }
    if (nonce === 'stale') return this.#challenge(realm, true)
    this.#limit.succeeded(aor, source.address)
    return extension ? { outcome: 'passed', extension } : this.#challenge(realm)
  }

  /** Whether the user of a From is one of the customer's extensions: such a caller has to prove it. */
  async isExtension(customer: string, user: string): Promise<boolean> {
    return user !== '' && (await this.#credentials.findCredentials(customer, user)) !== undefined
  }

  #knows(credentials: DigestCredentials, request: SipRequest, extension: ExtensionCredentials | undefined): boolean {
    const ha1 = extension ? { md5: extension.ha1_md5, sha256: extension.ha1_sha256 } : NOBODY
    const right = verifyDigest({ credentials, method: request.method, uri: request.uriText, ha1 })
    return right && extension !== undefined
  }

  #challenge(realm: string, stale = false): GateAnswer {
    const nonce = this.#nonces.issue(realm)
    const values = digestChallenge({ realm, nonce, algorithms: this.#algorithms, ...(stale ? { stale } : {}) })
    return { outcome: 'challenge', headers: { 'WWW-Authenticate': values } }
  }
}
