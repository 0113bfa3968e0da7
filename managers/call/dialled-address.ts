import { readSipDomain } from '#managers/registrar'
import type { Address } from '#platform/http'
import { parseUri, SipError, type Uri } from '#telecom/sip'
import type { InsideCallees } from './call-planner.ts'
import { findInside } from './inside-target.ts'

/** RFC 3261 §19.1.2. */
const DEFAULT_PORT = 5060

export interface DialledAddressNeeds {
  /** The platform's SIP domain. */
  base: string
  callees: InsideCallees
}

/** A phone of this customer names somebody; `hosts` are those by which it knows us, with their ports. */
export interface Dialled {
  customer: string
  uri: string
  hosts: readonly string[]
}

/**
 * Whom a URI means that a phone names: under the customer's domain, and under the host by which the phone knows us, what it
 * would dial there (`calls.md` §8.3); under a host that is not ours that SIP address. `undefined` = nobody.
 */
export async function dialledAddress(
  { base, callees }: DialledAddressNeeds,
  { customer, uri: text, hosts }: Dialled,
): Promise<Address | undefined> {
  const uri = readUri(text)
  if (uri?.kind === 'tel') return (await findInside(callees, customer, uri.number))?.destination
  if (uri?.kind !== 'sip') return undefined
  const domain = readSipDomain(uri.host, { base, defaultCustomer: customer })
  const isOurs = uri.host === base || hosts.includes(hostOf(text))
  if (domain.kind === 'bare' && !isOurs) return { type: 'sip', target: text.replace(/^sip:/i, '') }
  if ((domain.kind !== 'bare' && domain.kind !== 'registrar') || domain.customer !== customer) return undefined
  const user = uri.password === '' ? uri.user : `${uri.user}:${uri.password}`
  return (await findInside(callees, customer, user))?.destination
}

/** Host and port of a SIP URI; empty where there is none. */
export function hostOf(text: string): string {
  const uri = readUri(text)
  return uri?.kind === 'sip' ? `${uri.host}:${uri.port ?? DEFAULT_PORT}` : ''
}

function readUri(text: string): Uri | undefined {
  try {
    return parseUri(text)
  } catch (error) {
    if (error instanceof SipError) return undefined
    throw error
  }
}
