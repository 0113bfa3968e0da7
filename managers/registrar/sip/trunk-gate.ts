import { BlockList, isIP } from 'node:net'
import type { RemoteAddress, SipRequest } from '#telecom/sip'
import { type TrunkRecord, trunkRealm } from '../trunk.ts'
import { type DigestAnswer, DigestGate, type DigestGateNeeds } from './digest-gate.ts'

/** A trunk whose device has proved itself. */
export type KnownTrunk = Pick<TrunkRecord, 'id' | 'customer_id' | 'domain_name'>

/** What became of the question whether a request comes by a trunk. */
export type TrunkAnswer =
  | { outcome: 'passed'; trunk: KnownTrunk }
  /** Answer 404. */
  | { outcome: 'no_trunk' }
  /** Answer 403: it takes known addresses alone, and this is none of them. */
  | { outcome: 'foreign_address'; customer_id: string }
  | ({ customer_id: string } & Exclude<DigestAnswer<never>, { outcome: 'passed' }>)

/** Platform-wide: the trunk of a domain name. */
export interface TrunkReader {
  findByDomainName(domain_name: string): Promise<TrunkRecord | undefined>
}

/**
 * Asks whether a request comes by a trunk (`provisioning.md` §6): from one of its addresses, which asks for nothing, or with
 * its password. One of the two suffices where it takes both.
 */
export class TrunkGate {
  readonly #base: string
  readonly #digest: DigestGate
  readonly #trunks: TrunkReader

  /** `base`: the platform's SIP domain. */
  constructor(needs: DigestGateNeeds & { base: string; trunks: TrunkReader }) {
    this.#base = needs.base
    this.#digest = new DigestGate(needs)
    this.#trunks = needs.trunks
  }

  /**
   * By which trunk this comes, of the domain name that it calls. Throws a `SipError` for a malformed Authorization, and what
   * the look-up throws while the database is away.
   */
  async check(request: SipRequest, domain_name: string, source: RemoteAddress): Promise<TrunkAnswer> {
    const trunk = await this.#trunks.findByDomainName(domain_name)
    if (!trunk) return { outcome: 'no_trunk' }
    const { customer_id, auth_types } = trunk
    if (auth_types.includes('ip') && isFrom(trunk, source)) return { outcome: 'passed', trunk }
    if (!auth_types.includes('basic')) return { outcome: 'foreign_address', customer_id }
    const find = async (username: string) => (username === trunk.username ? trunk : undefined)
    const answer = await this.#digest.check(request, trunkRealm(domain_name, this.#base), source, find)
    return answer.outcome === 'passed' ? { outcome: 'passed', trunk } : { ...answer, customer_id }
  }
}

function isFrom({ allowed_ips }: TrunkRecord, { address }: RemoteAddress): boolean {
  const allowed = new BlockList()
  for (const entry of allowed_ips) {
    const [network = '', bits] = entry.split('/')
    if (bits === undefined) allowed.addAddress(network, familyOf(network))
    else allowed.addSubnet(network, Number(bits), familyOf(network))
  }
  return isIP(address) !== 0 && allowed.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
