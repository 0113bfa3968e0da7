import type { RemoteAddress, SipRequest } from '#telecom/sip'
import { type ExtensionCredentials, type ExtensionCredentialsReader, registrarRealm } from '../credentials.ts'
import { type DigestAnswer, DigestGate, type DigestGateNeeds } from './digest-gate.ts'

/** What became of the question which extension sends a request. */
export type GateAnswer =
  | { outcome: 'passed'; extension: ExtensionCredentials }
  | Exclude<DigestAnswer<never>, { outcome: 'passed' }>

/** Asks phones for the password of their extension, in the realm of its customer. */
export class ExtensionGate {
  readonly #base: string
  readonly #digest: DigestGate
  readonly #credentials: ExtensionCredentialsReader

  /** `base`: the platform's SIP domain. */
  constructor(needs: DigestGateNeeds & { base: string; credentials: ExtensionCredentialsReader }) {
    this.#base = needs.base
    this.#digest = new DigestGate(needs)
    this.#credentials = needs.credentials
  }

  /**
   * Who of the customer's extensions sends this. Throws a `SipError` for a malformed Authorization, and what the look-up
   * throws while the database is away.
   */
  async check(request: SipRequest, customer: string, source: RemoteAddress): Promise<GateAnswer> {
    const find = (username: string) => this.#credentials.findCredentials(customer, username)
    const answer = await this.#digest.check(request, registrarRealm(customer, this.#base), source, find)
    return answer.outcome === 'passed' ? { outcome: 'passed', extension: answer.sender } : answer
  }

  /** Whether the user of a From is one of the customer's extensions: such a caller has to prove it. */
  async isExtension(customer: string, user: string): Promise<boolean> {
    return user !== '' && (await this.#credentials.findCredentials(customer, user)) !== undefined
  }
}
