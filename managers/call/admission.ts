import { type BillingChecks, kindOfCall, type Spender } from '#managers/billing'
import { isDirectHash } from '#managers/direct'
import type { Carrier } from '#managers/provisioning'
import { type GateAnswer, readSipDomain, type SipDomain, type TrunkAnswer } from '#managers/registrar'
import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { RemoteAddress, SipRequest } from '#telecom/sip'
import type { AnonymousCaps } from './anonymous-caps.ts'
import type { CallMetadata } from './call.ts'
import type { MatchedRule } from './call-witness.ts'
import { phoneAddress, strangerAddress } from './caller-address.ts'
import { type CarrierAddresses, mayBeCallOf, readCarrierCall } from './carrier-call-in.ts'
import { DialledTargets, type DialledTargetsNeeds, dialledUser, numberOf, type Target } from './dialled-targets.ts'
import { isEmergency } from './emergency.ts'
import type { CallFlow } from './live-call.ts'
import { RETRY_NEXT_SECOND, RETRY_WHEN_READY, type Refused, refuse, trunkRefusal } from './refused.ts'
import { trunkCallIn } from './trunk-call-in.ts'

/** No number and no name that is served is longer; what strangers dial is remembered for a while. */
const LONGEST_DIALLED = 256

const MAY_BE_CALLED: readonly string[] = ['active', 'initial']

/** What the admission asks of others; the server joins them. Look-ups throw while the database is away. */
export interface AdmissionNeeds extends DialledTargetsNeeds {
  /** The platform's SIP domain. */
  base: string
  /** Whose calls come in by the bare host name or address. */
  defaultCustomer: string
  gate: {
    check(request: SipRequest, customer: string, source: RemoteAddress): Promise<GateAnswer>
    isExtension(customer: string, user: string): Promise<boolean>
  }
  trunkGate: { check(request: SipRequest, domain_name: string, source: RemoteAddress): Promise<TrunkAnswer> }
  carriers: CarrierAddresses
  customers: { find(customer: string): Promise<{ status: string; metadata: { rtp_debug?: boolean } } | undefined> }
  billing: BillingChecks
  caps: AnonymousCaps
}

/** Who calls whom. */
export interface Called {
  customer_id: string
  /** What runs: the flow that answers what was dialled, or what the platform does for it. */
  flow: CallFlow
  source: Address
  destination: Address
  /** What is dialled asks for its sound to be kept. */
  rtp_debug: boolean
  rule: MatchedRule
  /** Nobody proved who he is. */
  anonymous: boolean
  /** On whose account what follows is spent, where it is not that of the phone that calls (a trunk's). */
  spender?: Spender
  /** To be called once: when the call is over, or is not let in. */
  leave(): void
}

/** What its owner adds to a call that may begin. */
export interface Entered {
  owner_id: string
  metadata: CallMetadata
}

/** Who calls whom before it is said which rule it was. */
type Finding = (Pick<MatchedRule, 'matched' | 'authenticated' | 'provider_id'> & Omit<Called, 'rule'>) | Refused

/**
 * Who may call in, and whom (`design.md` §7, `calls.md` §8): `find` reads the request's domain and user, asks for
 * credentials where they are needed and finds what is dialled, `enter` whether its owner may be called. A refusal is never
 * 500; 503 says that nothing was created.
 */
export class IncomingAdmission {
  readonly #needs: AdmissionNeeds
  readonly #targets: DialledTargets

  constructor(needs: AdmissionNeeds) {
    this.#needs = needs
    this.#targets = new DialledTargets(needs)
  }

  /** Who calls whom. Throws a `SipError` for a malformed request, and what a look-up throws. */
  async find(request: SipRequest, source: RemoteAddress): Promise<Called | Refused> {
    const dialled = dialledUser(request.uri)
    if (dialled === undefined) return refuse(416, 'scheme_not_served', 'neither sip nor tel')
    if (dialled.length > LONGEST_DIALLED) return refuse(404, 'number_not_found', 'longer than any number or name')
    const host = request.uri.kind === 'sip' ? request.uri.host : ''
    const domain = readSipDomain(host, this.#needs)
    const isOpen = isOpenToCarriers(domain, request)
    const carrier = isOpen ? this.#needs.carriers.at(source) : undefined
    if (isOpen && !carrier && (await this.#mayBeCarrier(request, domain)))
      return refuse(503, 'carriers_not_resolved', 'the names of carriers could not be looked up', {
        headers: RETRY_WHEN_READY,
      })
    const fromCarrier = carrier && (await this.#fromCarrier(request, carrier))
    // under the bare address it may be a phone that is beside a carrier
    const isPhone = domain.kind === 'bare' && isNotFound(fromCarrier)
    if (fromCarrier && !isPhone) return foundBy(fromCarrier, 'pstn', dialled)
    switch (domain.kind) {
      case 'sip': {
        const finding = await this.#anonymous(request, source, dialled, () => this.#targets.find(dialled))
        return foundBy(finding, 'sip', dialled)
      }
      case 'bare': {
        const finding = await this.#bare(request, source, domain.customer, dialled)
        return foundBy(finding, 'bare', dialled, domain.customer)
      }
      case 'registrar': {
        const finding = await this.#authenticated(request, source, domain.customer, dialled)
        return foundBy(finding, 'registrar', dialled, domain.customer)
      }
      case 'trunk':
        return foundBy(await this.#byTrunk(request, source, domain.name, dialled), 'trunk', dialled)
      case 'pstn':
        // only the addresses of carriers may come this way
        return refuse(403, 'not_a_carrier', 'not the address of a carrier')
      default:
        return refuse(404, 'domain_not_served', 'nothing is served under this domain')
    }
  }

  /**
   * Whether an unknown address may be that of a carrier whose name could not be looked up yet: then it shall come again. Under
   * the bare address it is whoever calls a number as such a carrier does; a phone there is asked for its password.
   */
  async #mayBeCarrier(request: SipRequest, domain: SipDomain): Promise<boolean> {
    const { carriers, gate, numbers } = this.#needs
    const unresolved = carriers.unresolved()
    if (unresolved.length === 0 || domain.kind !== 'bare') return unresolved.length > 0
    const from = request.from.uri
    if (from.kind === 'sip' && (await gate.isExtension(domain.customer, from.user))) return false
    return mayBeCallOf(unresolved, request, numbers)
  }

  async #fromCarrier(request: SipRequest, carrier: Carrier): Promise<Finding> {
    const read = await readCarrierCall(request, carrier, this.#needs.numbers)
    if ('refusal' in read) {
      const { status, refusal, detail, ...whose } = read
      return refuse(status, refusal, detail, whose)
    }
    const { number, source } = read
    const target: Target = {
      customer_id: number.customer_id,
      flow: { flow_id: number.call_flow_id },
      destination: { type: 'tel', target: number.number },
      matched: 'number',
      rtp_debug: number.metadata.rtp_debug,
      isOpen: false,
    }
    return { ...calledBy(target, source), provider_id: carrier.id }
  }

  async #bare(request: SipRequest, source: RemoteAddress, customer: string, dialled: string): Promise<Finding> {
    const from = request.from.uri
    const isForAnybody = isDirectHash(dialled) || numberOf(dialled) !== undefined
    if (request.headers.has('authorization') || !isForAnybody)
      return this.#authenticated(request, source, customer, dialled)
    const isExtension = from.kind === 'sip' && this.#needs.gate.isExtension(customer, from.user)
    // at the same time: the caller waits for both
    const [proves, found] = await Promise.all([isExtension, this.#targets.find(dialled)])
    if (proves) return this.#authenticated(request, source, customer, dialled)
    const mine = (target: Target | undefined) =>
      isDirectHash(dialled) || (target?.isOpen === true && target.customer_id === customer)
    const find = () => Promise.resolve(found)
    return this.#anonymous(request, source, dialled, find, mine, () =>
      this.#authenticated(request, source, customer, dialled),
    )
  }

  async #authenticated(
    request: SipRequest,
    source: RemoteAddress,
    customer: string,
    dialled: string,
  ): Promise<Finding> {
    const answer = await this.#needs.gate.check(request, customer, source)
    if (answer.outcome === 'blocked') return refuse(403, 'blocked_after_wrong_passwords', 'too many wrong passwords')
    if (answer.outcome === 'challenge')
      return refuse(401, 'credentials_refused', 'credentials are needed', { headers: answer.headers })
    const target = await this.#targets.ofPhone(dialled, customer)
    if (!target) return refuse(404, 'number_not_found', 'nobody has this number')
    const called = { customer_id: target.customer_id, base: this.#needs.base }
    const caller = phoneAddress(answer.extension, request, called)
    return { ...calledBy(target, caller), authenticated: answer.extension.extension }
  }

  /** A customer's PBX calls the telephone network, or a virtual number. */
  async #byTrunk(request: SipRequest, source: RemoteAddress, name: string, dialled: string): Promise<Finding> {
    const answer = await this.#needs.trunkGate.check(request, name, source)
    if (answer.outcome !== 'passed') return trunkRefusal(answer)
    const { id, customer_id, domain_name } = answer.trunk
    const caller = strangerAddress(request)
    const { callees } = this.#needs
    const virtual = numberOf(dialled)?.startsWith('+899') ? await this.#targets.find(dialled) : undefined
    const outside = virtual ? undefined : trunkCallIn({ callees, customer_id, dialled, caller }, request)
    const target: Target | undefined =
      virtual ?? (outside && { ...outside, matched: 'telephone', customer_id, rtp_debug: false, isOpen: false })
    if (!target) return refuse(404, 'number_not_found', 'not a number in full', { customer_id })
    // what another customer's number does is that customer's to pay, and not the trunk's
    const spends = target.customer_id === customer_id ? { spender: { kind: 'trunk', id } as const } : {}
    return { ...calledBy(target, caller), authenticated: domain_name, ...spends }
  }

  async #anonymous(
    request: SipRequest,
    source: RemoteAddress,
    dialled: string,
    find: () => Promise<Target | undefined>,
    mayReach: (target: Target | undefined) => boolean = () => true,
    otherwise = (): Promise<Finding> => Promise.resolve(refuse(404, 'number_not_found', 'nobody has this number')),
  ): Promise<Finding> {
    const leave = this.#needs.caps.enter(dialled, source.address)
    if (!leave)
      return refuse(503, 'too_many_strangers', 'too many calls without credentials', { headers: RETRY_NEXT_SECOND })
    const target = await find().catch((error: unknown) => {
      leave()
      throw error
    })
    if (target && mayReach(target)) return { ...calledBy(target, strangerAddress(request)), anonymous: true, leave }
    leave()
    return mayReach(target) ? refuse(404, 'number_not_found', 'nobody has this number') : otherwise()
  }

  /** Whether the owner of what is dialled may be called; a call for help asks neither for money nor whether it is frozen. */
  async enter({ customer_id, source, destination, rtp_debug }: Called): Promise<Entered | Refused> {
    const { customers, billing, callees } = this.#needs
    const ends = {
      direction: 'incoming' as const,
      source: { type: source.type ?? '', target: source.target ?? '' },
      destination: { type: destination.type ?? '', target: destination.target ?? '' },
    }
    const [customer, verdict, owner] = await Promise.all([
      customers.find(customer_id),
      billing.mayStart(customer_id, kindOfCall(ends), 1),
      callees.agents.ownerOf(customer_id, source),
    ])
    const isForHelp = isEmergency(destination)
    const { status = 'gone' } = customer ?? {}
    if (!customer || !(MAY_BE_CALLED.includes(status) || (isForHelp && status === 'frozen')))
      return refuse(403, 'owner_not_active', `the owner is ${status}`, { customer_id })
    if (!verdict.ok && !isForHelp) return refuse(603, 'insufficient_balance', verdict.refusal, { customer_id })
    return {
      owner_id: owner ?? NIL_UUID,
      metadata: rtp_debug || customer.metadata.rtp_debug ? { rtp_debug: true } : {},
    }
  }
}

/** Somebody who has shown who he is calls this. */
function calledBy({ matched, customer_id, flow, destination, rtp_debug }: Target, source: Address) {
  const called = { customer_id, flow, source, destination, rtp_debug }
  return { matched, authenticated: '', ...called, anonymous: false, leave: () => {} }
}

/** Says by which rule it was found; a refusal belongs to `owner` unless it knows better. */
function foundBy(finding: Finding, domain: MatchedRule['domain'], dialled: string, owner?: string): Called | Refused {
  if ('refusal' in finding) return owner === undefined ? finding : { customer_id: owner, ...finding }
  const { matched, authenticated, provider_id, ...called } = finding
  return { ...called, rule: { domain, dialled, matched, authenticated, ...(provider_id ? { provider_id } : {}) } }
}

/** A carrier calls `pstn.{base}`, or the bare address; a phone beside it shows who it is. */
function isOpenToCarriers({ kind }: SipDomain, { headers }: SipRequest): boolean {
  return kind === 'pstn' || (kind === 'bare' && !headers.has('authorization'))
}

function isNotFound(finding: Finding | undefined): boolean {
  return finding !== undefined && 'refusal' in finding && finding.refusal === 'number_not_found'
}
