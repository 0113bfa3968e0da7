import { type Address, isE164, normaliseTarget } from '#platform/http'
import { isUuid } from '#platform/ids'
import { findExtension, type InsideCallees } from './call-planner.ts'
import { isKnownForHelp } from './emergency.ts'
import type { CallFlow } from './live-call.ts'

/** Whom a phone dialled among its own people, or outside; and what the platform does for that. */
export interface InsideTarget {
  destination: Address
  flow: CallFlow
}

/**
 * What a registered phone dials that is neither a direct hash nor a virtual number (`calls.md` §8.3): an emergency number
 * that a route serves, `agent:`, `extension:` or a bare extension, then `+…`, `tel:` or an emergency number that none serves.
 * Conferences, lines and SIP addresses: not found.
 */
export async function findInside(
  callees: InsideCallees,
  customer: string,
  dialled: string,
): Promise<InsideTarget | undefined> {
  const [scheme, name] = schemeOf(dialled)
  switch (scheme) {
    case 'agent':
      return connectTo(await agent(callees, customer, name), { relay_reason: true })
    case 'extension':
      return connectTo(await extension(callees, customer, name), { relay_reason: true })
    case 'tel':
      return findTelephone(callees, customer, name)
    case '':
      return findBare(callees, customer, name)
    default:
      return undefined
  }
}

/**
 * A telephone number that is dialled in full (`+…`, `tel:+…`): the caller hears what comes before the answer, and learns why
 * nobody answered. `source` is shown in the place of the caller where it is said; who may be shown is decided by the call.
 */
export function findTelephone(
  callees: Pick<InsideCallees, 'emergency'>,
  customer: string,
  dialled: string,
  source?: Address,
): InsideTarget | undefined {
  const [scheme, name] = schemeOf(dialled)
  const number = scheme === '' || scheme === 'tel' ? telephone(callees, customer, name) : undefined
  return connectTo(number, { early_media: true, relay_reason: true, ...(source ? { source } : {}) })
}

/** An extension or an agent that a direct hash names; the caller hears ringing, and nothing of why nobody answered. */
export async function findNamed(
  callees: InsideCallees,
  customer: string,
  { resource_type, resource_id }: { resource_type: string; resource_id: string },
): Promise<InsideTarget | undefined> {
  if (resource_type === 'extension') return connectTo(await extension(callees, customer, resource_id), {})
  return resource_type === 'agent' ? connectTo(await agent(callees, customer, resource_id), {}) : undefined
}

async function findBare(callees: InsideCallees, customer: string, name: string): Promise<InsideTarget | undefined> {
  if (callees.emergency.servesEmergency(customer, name)) return findTelephone(callees, customer, name)
  const inside = await extension(callees, customer, name)
  if (inside) return connectTo(inside, { relay_reason: true })
  return name.startsWith('+') || isKnownForHelp(name) ? findTelephone(callees, customer, name) : undefined
}

async function agent({ agents }: InsideCallees, customer: string, id: string): Promise<Address | undefined> {
  const found = isUuid(id) ? await agents.find(customer, id.toLowerCase()) : undefined
  return found && { type: 'agent', target: found.id }
}

async function extension({ extensions }: InsideCallees, customer: string, name: string): Promise<Address | undefined> {
  const found = name === '' ? undefined : await findExtension(extensions, customer, { target: name })
  return found && { type: 'extension', target: found.id, target_name: found.extension }
}

function telephone(
  { emergency }: Pick<InsideCallees, 'emergency'>,
  customer: string,
  text: string,
): Address | undefined {
  const target = normaliseTarget('tel', text)
  const isNumber = isE164(target) || isKnownForHelp(target) || emergency.servesEmergency(customer, target)
  return isNumber ? { type: 'tel', target } : undefined
}

function connectTo(
  destination: Address | undefined,
  option: { early_media?: boolean; relay_reason?: boolean; source?: Address },
): InsideTarget | undefined {
  if (!destination) return undefined
  const actions = [{ type: 'connect', option: { destinations: [destination], ...option } }]
  return { destination, flow: { actions } }
}

/** `agent:…` as its two parts; the first is empty where there is none of these words. */
function schemeOf(dialled: string): [scheme: string, name: string] {
  const colon = dialled.indexOf(':')
  return colon < 0 ? ['', dialled] : [dialled.slice(0, colon).toLowerCase(), dialled.slice(colon + 1)]
}
