import { type BillingChecks, kindOfCall, type Spender } from '#managers/billing'
import { type Directs, isDirectHash } from '#managers/direct'
import type { NumberRouting } from '#managers/number'
import type { Carrier } from '#managers/provisioning'
import {
  type ExtensionCredentials,
  type GateAnswer,
  readSipDomain,
  registrarRealm,
  type SipDomain,
  type TrunkAnswer,
} from '#managers/registrar'
import { type Address, normaliseAddress } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { type HeaderInput, type RemoteAddress, readableText, type SipRequest, type Uri } from '#telecom/sip'
import type { AnonymousCaps } from './anonymous-caps.ts'
import type { CallMetadata } from './call.ts'
import type { InsideCallees } from './call-planner.ts'
import type { MatchedRule, Refusal } from './call-witness.ts'
import { type CarrierAddresses, readCarrierCall } from './carrier-call-in.ts'
import { findInside, findNamed } from './inside-target.ts'
import type { CallFlow } from './live-call.ts'
import { trunkCallIn } from './trunk-call-in.ts'

/** What the admission asks of others; the server joins them. Look-ups throw while the database is away. */
export interface AdmissionNeeds {
  /** The platform's SIP domain. */
  base: string
  /** Whose calls come in by the bare host name or address. */
  defaultCustomer: string
  gate: {
    check(request: SipRequest, customer: string, source: RemoteAddress): Promise<GateAnswer>
    isExtension(customer: string, user: string): Promise<boolean>
  }
  trunkGate: { check(request: SipRequest, domain_name: string, source: RemoteAddress): Promise<TrunkAnswer> }
  numbers: NumberRouting
  carriers: CarrierAddresses
  directs: Pick<Directs, 'findByHash'>
  customers: { find(customer: string): Promise<{ status: string; metadata: { rtp_debug?: boolean } } | undefined> }
  billing: BillingChecks
  /** Whom phones may call inside; of an address also the agent whose it is. */
  callees: InsideCallees
  caps: AnonymousCaps
}

/** A call that was let in. */
export interface Admitted {
  customer_id: string
  /** What runs: the flow that answers what was dialled, or what the platform does for it. */
  flow: CallFlow
  source: Address
  destination: Address
  metadata: CallMetadata
  owner_id: string
  rule: MatchedRule
  /** Nobody proved who he is. */
  anonymous: boolean
  /** On whose account what follows is spent, where it is not that of the phone that calls (a trunk's). */
  spender?: Spender
  /** To be called once, when the call is over. */
  leave(): void
}

export type Admission = ({ admitted: true } & Admitted) | Refused

interface Refused {
  admitted: false
  status: number
  headers?: HeaderInput
  refusal: Refusal
  /** For the operator. */
  detail: string
  /** Whose call it would have been; absent where that is not known, and where a phone is merely asked for its password. */
  customer_id?: string
}

/** A decision before it is said which rule it was. */
type Decision =
  | ({ admitted: true } & Pick<MatchedRule, 'matched' | 'authenticated' | 'provider_id'> & Omit<Admitted, 'rule'>)
  | Refused

interface Target {
  customer_id: string
  flow: CallFlow
  destination: Address
  matched: MatchedRule['matched']
  rtp_debug: boolean
  /** Callers without credentials reach it by the bare address. */
  isOpen: boolean
}

/** Of a caller's display name. */
const LONGEST_NAME = 255
const RETRY_AFTER = { 'Retry-After': '1' }
const refuse = (status: number, refusal: Refusal, detail: string, rest: Partial<Refused> = {}): Refused => ({
  admitted: false,
  status,
  refusal,
  detail,
  ...rest,
})

/**
 * Who may call in, and whom (`design.md` §7, `calls.md` §8): reads the request's domain and user, asks for credentials
 * where they are needed, finds what is dialled and whether its owner may be called. A refusal is never 500; 503 says that
 * nothing was created.
 */
export class IncomingAdmission {
  readonly #needs: AdmissionNeeds

  constructor(needs: AdmissionNeeds) {
    this.#needs = needs
  }

  /** Decides. Throws a `SipError` for a malformed request, and what a look-up throws. */
  async decide(request: SipRequest, source: RemoteAddress): Promise<Admission> {
    const dialled = dialledUser(request.uri)
    if (dialled === undefined) return refuse(416, 'scheme_not_served', 'neither sip nor tel')
    const host = request.uri.kind === 'sip' ? request.uri.host : ''
    const domain = readSipDomain(host, this.#needs)
    const carrier = isOpenToCarriers(domain, request) ? this.#needs.carriers.at(source) : undefined
    const fromCarrier = carrier && (await this.#fromCarrier(request, carrier))
    // under the bare address it may be a phone that is beside a carrier
    const isPhone = domain.kind === 'bare' && isNotFound(fromCarrier)
    if (fromCarrier && !isPhone) return admissionOf(fromCarrier, 'pstn', dialled)
    switch (domain.kind) {
      case 'sip': {
        const decision = await this.#anonymous(request, source, dialled, () => this.#find(dialled))
        return admissionOf(decision, 'sip', dialled)
      }
      case 'bare': {
        const decision = await this.#bare(request, source, domain.customer, dialled)
        return admissionOf(decision, 'bare', dialled, domain.customer)
      }
      case 'registrar': {
        const decision = await this.#authenticated(request, source, domain.customer, dialled)
        return admissionOf(decision, 'registrar', dialled, domain.customer)
      }
      case 'trunk':
        return admissionOf(await this.#byTrunk(request, source, domain.name, dialled), 'trunk', dialled)
      case 'pstn':
        // only the addresses of carriers may come this way
        return refuse(403, 'not_a_carrier', 'not the address of a carrier')
      default:
        return refuse(404, 'domain_not_served', 'nothing is served under this domain')
    }
  }

  async #fromCarrier(request: SipRequest, carrier: Carrier): Promise<Decision> {
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
    const entered = await this.#enter(target, source, false, () => {})
    return entered.admitted ? { ...entered, provider_id: carrier.id } : entered
  }

  async #bare(request: SipRequest, source: RemoteAddress, customer: string, dialled: string): Promise<Decision> {
    const from = request.from.uri
    const isForAnybody = isDirectHash(dialled) || numberOf(dialled) !== undefined
    if (request.headers.has('authorization') || !isForAnybody)
      return this.#authenticated(request, source, customer, dialled)
    const isExtension = from.kind === 'sip' && this.#needs.gate.isExtension(customer, from.user)
    // at the same time: the caller waits for both
    const [proves, found] = await Promise.all([isExtension, this.#find(dialled)])
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
  ): Promise<Decision> {
    const answer = await this.#needs.gate.check(request, customer, source)
    if (answer.outcome === 'blocked') return refuse(403, 'blocked_after_wrong_passwords', 'too many wrong passwords')
    if (answer.outcome === 'challenge')
      return refuse(401, 'credentials_refused', 'credentials are needed', { headers: answer.headers })
    const target = (await this.#find(dialled)) ?? (await this.#findInside(dialled, customer))
    if (!target) return refuse(404, 'number_not_found', 'nobody has this number')
    const entered = await this.#enter(target, this.#phoneAddress(answer.extension, target, request), false, () => {})
    return entered.admitted ? { ...entered, authenticated: answer.extension.extension } : entered
  }

  /** A customer's PBX calls the telephone network, or a virtual number. */
  async #byTrunk(request: SipRequest, source: RemoteAddress, name: string, dialled: string): Promise<Decision> {
    const answer = await this.#needs.trunkGate.check(request, name, source)
    if (answer.outcome !== 'passed') return trunkRefusal(answer)
    const { id, customer_id, domain_name } = answer.trunk
    const caller = strangerAddress(request)
    const virtual = numberOf(dialled)?.startsWith('+899') ? await this.#find(dialled) : undefined
    const outside = virtual ? undefined : trunkCallIn(dialled, request, caller)
    const target: Target | undefined =
      virtual ?? (outside && { ...outside, matched: 'telephone', customer_id, rtp_debug: false, isOpen: false })
    if (!target) return refuse(404, 'number_not_found', 'not a number in full', { customer_id })
    const entered = await this.#enter(target, caller, false, () => {})
    if (!entered.admitted) return entered
    // what another customer's number does is that customer's to pay, and not the trunk's
    const spends = target.customer_id === customer_id ? { spender: { kind: 'trunk', id } as const } : {}
    return { ...entered, authenticated: domain_name, ...spends }
  }

  async #anonymous(
    request: SipRequest,
    source: RemoteAddress,
    dialled: string,
    find: () => Promise<Target | undefined>,
    mayReach: (target: Target | undefined) => boolean = () => true,
    otherwise = (): Promise<Decision> => Promise.resolve(refuse(404, 'number_not_found', 'nobody has this number')),
  ): Promise<Decision> {
    const leave = this.#needs.caps.enter(dialled, source.address)
    if (!leave) return refuse(503, 'too_many_strangers', 'too many calls without credentials', { headers: RETRY_AFTER })
    try {
      const target = await find()
      const admission = !mayReach(target)
        ? await otherwise()
        : target
          ? await this.#enter(target, strangerAddress(request), true, leave)
          : refuse(404, 'number_not_found', 'nobody has this number')
      if (!admission.admitted || !admission.anonymous) leave()
      return admission
    } catch (error) {
      leave()
      throw error
    }
  }

  /** Whether the owner of what is dialled may be called. */
  async #enter(target: Target, source: Address, anonymous: boolean, leave: () => void): Promise<Decision> {
    const { customers, billing, callees } = this.#needs
    const { customer_id, destination } = target
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
    if (customer?.status !== 'active' && customer?.status !== 'initial')
      return refuse(403, 'owner_not_active', `the owner is ${customer?.status ?? 'gone'}`, { customer_id })
    if (!verdict.ok) return refuse(603, 'insufficient_balance', verdict.refusal, { customer_id })
    return {
      admitted: true,
      matched: target.matched,
      authenticated: '',
      customer_id,
      flow: target.flow,
      source,
      destination,
      metadata: target.rtp_debug || customer.metadata.rtp_debug ? { rtp_debug: true } : {},
      owner_id: owner ?? NIL_UUID,
      anonymous,
      leave,
    }
  }

  /** What anybody may dial: `direct.` first, then a number of anybody. */
  async #find(dialled: string): Promise<Target | undefined> {
    if (dialled.startsWith('direct.')) return this.#findDirect(dialled)
    const number = numberOf(dialled)
    const found = number === undefined ? undefined : await this.#needs.numbers.findByNumber(number)
    if (!found || found.call_flow_id === NIL_UUID) return undefined
    return {
      customer_id: found.customer_id,
      flow: { flow_id: found.call_flow_id },
      destination: { type: 'tel', target: found.number },
      matched: 'number',
      rtp_debug: found.metadata.rtp_debug,
      isOpen: found.type === 'virtual',
    }
  }

  async #findDirect(hash: string): Promise<Target | undefined> {
    const direct = isDirectHash(hash) ? await this.#needs.directs.findByHash(hash) : undefined
    if (!direct) return undefined
    const { customer_id, resource_id } = direct
    if (direct.resource_type !== 'flow') {
      const named = await findNamed(this.#needs.callees, customer_id, direct)
      const matched = direct.resource_type === 'agent' ? 'direct_agent' : 'direct_extension'
      return named && { ...named, matched, customer_id, rtp_debug: false, isOpen: true }
    }
    return {
      customer_id,
      flow: { flow_id: resource_id },
      // the wire's form of this end: a tel whose target is the flow (`flows.md` §2)
      destination: { type: 'tel', target: resource_id },
      matched: 'direct_flow',
      rtp_debug: false,
      isOpen: true,
    }
  }

  /** What a phone of this customer dials beyond that. */
  async #findInside(dialled: string, customer_id: string): Promise<Target | undefined> {
    if (dialled.startsWith('direct.')) return undefined
    const inside = await findInside(this.#needs.callees, customer_id, dialled)
    return inside && { ...inside, matched: insideRule(inside), customer_id, rtp_debug: false, isOpen: false }
  }

  /** A phone of the same customer is its extension; to others it is a SIP address. */
  #phoneAddress(phone: ExtensionCredentials, target: Target, request: SipRequest): Address {
    const { extension, extension_id, customer_id } = phone
    if (target.customer_id === customer_id) return { type: 'extension', target: extension_id, target_name: extension }
    const name = readableText(request.from.displayName, LONGEST_NAME)
    return {
      type: 'sip',
      target: `${extension}@${registrarRealm(customer_id, this.#needs.base)}`,
      ...(name === '' ? {} : { target_name: name }),
    }
  }
}

/** Says by which rule it was decided; a refusal belongs to `owner` unless it knows better. */
function admissionOf(decision: Decision, domain: MatchedRule['domain'], dialled: string, owner?: string): Admission {
  if (!decision.admitted) return owner === undefined ? decision : { customer_id: owner, ...decision }
  const { matched, authenticated, provider_id, ...admitted } = decision
  return { ...admitted, rule: { domain, dialled, matched, authenticated, ...(provider_id ? { provider_id } : {}) } }
}

/** A carrier calls `pstn.{base}`, or the bare address; a phone beside it shows who it is. */
function isOpenToCarriers({ kind }: SipDomain, { headers }: SipRequest): boolean {
  return kind === 'pstn' || (kind === 'bare' && !headers.has('authorization'))
}

function isNotFound(decision: Decision | undefined): boolean {
  return decision?.admitted === false && decision.refusal === 'number_not_found'
}

function insideRule({ destination }: Pick<Target, 'destination'>): MatchedRule['matched'] {
  if (destination.type === 'extension' || destination.type === 'agent') return destination.type
  return 'telephone'
}

function trunkRefusal(answer: Exclude<TrunkAnswer, { outcome: 'passed' }>): Refused {
  switch (answer.outcome) {
    case 'no_trunk':
      return refuse(404, 'domain_not_served', 'no trunk has this name')
    case 'foreign_address':
      return refuse(403, 'address_not_allowed', 'not an address of the trunk', { customer_id: answer.customer_id })
    case 'blocked':
      return refuse(403, 'blocked_after_wrong_passwords', 'too many wrong passwords', {
        customer_id: answer.customer_id,
      })
    case 'challenge':
      return refuse(401, 'credentials_refused', 'credentials are needed', {
        customer_id: answer.customer_id,
        headers: answer.headers,
      })
  }
}

/** The From of a caller who is none of our extensions. */
function strangerAddress(request: SipRequest): Address {
  const { uri, displayName } = request.from
  const target = uri.kind === 'sip' ? `${uri.user}@${uri.host}` : uri.kind === 'tel' ? uri.number : uri.text
  const name = readableText(displayName, LONGEST_NAME)
  return normaliseAddress({
    type: 'sip',
    target: readableText(target, 1_024),
    ...(name === '' ? {} : { target_name: name }),
  })
}

/**
 * What is dialled: the user of a SIP URI, or a telephone number; `agent:…` unescaped looks like a user with a password.
 * `undefined` for any other scheme.
 */
function dialledUser(uri: Uri): string | undefined {
  if (uri.kind === 'sip') return uri.password === '' ? uri.user : `${uri.user}:${uri.password}`
  return uri.kind === 'tel' ? uri.number.replace(/[().-]/g, '') : undefined
}

/** A telephone number as it may be one of ours: E.164, or a virtual number without its `+`. */
function numberOf(dialled: string): string | undefined {
  const text = dialled.startsWith('tel:') ? dialled.slice(4) : dialled
  if (/^\+[0-9]{5,15}$/.test(text)) return text
  return /^899[0-9]{9}$/.test(text) ? `+${text}` : undefined
}
