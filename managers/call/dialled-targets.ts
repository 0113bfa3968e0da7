import { type Directs, isDirectHash } from '#managers/direct'
import type { NumberRouting } from '#managers/number'
import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Uri } from '#telecom/sip'
import type { InsideCallees } from './call-planner.ts'
import type { MatchedRule } from './call-witness.ts'
import { findInside, findNamed } from './inside-target.ts'
import type { CallFlow } from './live-call.ts'

/** Whom a caller has dialled, and what the platform does for that. */
export interface Target {
  customer_id: string
  flow: CallFlow
  destination: Address
  matched: MatchedRule['matched']
  rtp_debug: boolean
  /** Callers without credentials reach it by the bare address. */
  isOpen: boolean
}

export interface DialledTargetsNeeds {
  numbers: NumberRouting
  directs: Pick<Directs, 'findByHash'>
  callees: InsideCallees
}

/** Finds what is dialled, in the order of `design.md` §7. Look-ups throw while the database is away. */
export class DialledTargets {
  readonly #needs: DialledTargetsNeeds

  constructor(needs: DialledTargetsNeeds) {
    this.#needs = needs
  }

  /**
   * What a phone of this customer dials: a direct hash or a virtual number of anybody, then its own people, then the telephone
   * network, also where the number there is a customer's of this platform.
   */
  async ofPhone(dialled: string, customer_id: string): Promise<Target | undefined> {
    const found = await this.find(dialled)
    return found?.isOpen ? found : this.#inside(dialled, customer_id)
  }

  /** What anybody may dial: `direct.` first, then a number of anybody. */
  async find(dialled: string): Promise<Target | undefined> {
    if (dialled.startsWith('direct.')) return this.#direct(dialled)
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

  async #direct(hash: string): Promise<Target | undefined> {
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

  async #inside(dialled: string, customer_id: string): Promise<Target | undefined> {
    if (dialled.startsWith('direct.')) return undefined
    const inside = await findInside(this.#needs.callees, customer_id, dialled)
    return inside && { ...inside, matched: insideRule(inside), customer_id, rtp_debug: false, isOpen: false }
  }
}

function insideRule({ destination }: Pick<Target, 'destination'>): MatchedRule['matched'] {
  if (destination.type === 'extension' || destination.type === 'agent') return destination.type
  return 'telephone'
}

/**
 * What is dialled: the user of a SIP URI, or a telephone number; `agent:…` unescaped looks like a user with a password.
 * `undefined` for any other scheme.
 */
export function dialledUser(uri: Uri): string | undefined {
  if (uri.kind === 'sip') return uri.password === '' ? uri.user : `${uri.user}:${uri.password}`
  return uri.kind === 'tel' ? uri.number.replace(/[().-]/g, '') : undefined
}

/** A telephone number as it may be one of ours: E.164, or a virtual number without its `+`. */
export function numberOf(dialled: string): string | undefined {
  const text = dialled.startsWith('tel:') ? dialled.slice(4) : dialled
  if (/^\+[0-9]{5,15}$/.test(text)) return text
  return /^899[0-9]{9}$/.test(text) ? `+${text}` : undefined
}
