import type { NaptrRecord } from 'node:dns'
import { isIP } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { SipUri } from '../message/uri.ts'
import { bareHost } from '../message/via.ts'
import { canonicalRemote, type RemoteAddress } from './flow.ts'
import { Lookup } from './lookup.ts'
import type { Names } from './names.ts'
import { inOrder } from './srv-order.ts'

/** Where a request may go, and over what. */
export interface Destination {
  readonly remote: RemoteAddress
  readonly transport: 'udp' | 'tcp'
  /** It is a part of the platform: it may be asked whatever addresses may be reached. No look-up gives this. */
  readonly isInside?: true
}

export interface ResolveNeeds {
  readonly names: Names
  readonly clock: Clock
  readonly ids: Ids
  /** Ends every look-up: whoever asked is about to stop. */
  readonly stopping?: AbortSignal
  /** Whether requests of ours may go to an address. */
  mayReach(address: string): boolean
  /** Whether we have a listener for this transport and family (4 or 6; any where left out). */
  serves(transport: 'udp' | 'tcp', family?: number): boolean
}

const MOST_POINTERS = 4
const MOST_SERVICES = 8
const MOST_ADDRESSES = 4
const MOST_DESTINATIONS = 8
const DEFAULT_PORT = 5060

type Transport = Destination['transport']

/** A host whose addresses are wanted, in the order in which they are to be tried. */
interface Server {
  readonly host: string
  readonly port: number
  readonly transport: Transport
}

/**
 * Why a URI leads nowhere: it asks for a scheme or transport that we do not speak (`sips`, TLS, WebSocket), its name is not
 * known, the name servers failed or did not answer, no listener of ours has the transport or family of its addresses, or
 * none of them may be reached.
 */
export type ResolveIssue =
  | 'unsupported_transport'
  | 'unknown_name'
  | 'no_name_server'
  | 'no_listener'
  | 'refused_address'

/** Where a URI leads, the first to be tried first; with `issue` nowhere. */
export interface Resolution {
  readonly destinations: readonly Destination[]
  readonly issue?: ResolveIssue
}

/**
 * Where a SIP URI leads (RFC 3263 §4): address, explicit port, NAPTR, SRV, then A and AAAA, as the URI asks. Addresses
 * that may not be reached, and transports that we do not have, are left out; `maddr` is never followed.
 */
export async function resolveUri(uri: SipUri, needs: ResolveNeeds): Promise<Resolution> {
  if (!hasTransport(uri)) return nowhere('unsupported_transport')
  const known = knownDestination(uri)
  if (known) return allowed([known], needs)
  const lookup = new Lookup(needs.clock, needs.stopping)
  try {
    const servers = (await findServers(uri, needs, lookup)).slice(0, MOST_SERVICES)
    const found = await Promise.all(
      servers.map(async ({ host, port, transport }) => {
        const addresses = await lookup.ask((signal) => addressesOf(host, needs, signal))
        return addresses.slice(0, MOST_ADDRESSES).map((address) => ({ remote: { address, port }, transport }))
      }),
    )
    const destinations = found.flat()
    if (destinations.length > 0) return allowed(destinations, needs)
    return nowhere(lookup.failed ? 'no_name_server' : 'unknown_name')
  } finally {
    lookup.end()
  }
}

/** The destination of a URI that names an address, for which nobody has to be asked; `undefined` for any other one. */
export function knownDestination(uri: SipUri): Destination | undefined {
  const address = bareHost(uri.host)
  if (isIP(address) === 0 || !hasTransport(uri)) return undefined
  return { remote: { address, port: uri.port ?? DEFAULT_PORT }, transport: transportOf(uri) ?? 'udp' }
}

/** §4.1: what the URI says about the transport; `undefined` where it leaves it open. */
function transportOf(uri: SipUri): Transport | undefined {
  const name = uri.parameters.get('transport')?.toLowerCase()
  return name === 'tcp' || name === 'udp' ? name : undefined
}

/** Whether the URI asks for nothing that we do not speak. */
function hasTransport(uri: SipUri): boolean {
  return uri.scheme === 'sip' && (!uri.parameters.has('transport') || transportOf(uri) !== undefined)
}

async function findServers(uri: SipUri, needs: ResolveNeeds, lookup: Lookup): Promise<Server[]> {
  const host = uri.host.replace(/\.$/, '')
  const asked = transportOf(uri)
  if (uri.port !== undefined) return [{ host, port: uri.port, transport: asked ?? 'udp' }]
  const transports: Transport[] = asked ? [asked] : ['udp', 'tcp']
  const served = transports.filter((transport) => needs.serves(transport))
  const pointed = asked ? [] : await pointersOf(host, needs, lookup)
  const wanted =
    pointed.length > 0 ? pointed : served.map((transport) => ({ name: `_sip._${transport}.${host}`, transport }))
  const services = await Promise.all(
    wanted.map(async ({ name, transport }) => {
      const records = await lookup.ask((signal) => needs.names.services(name, signal))
      return inOrder(records, needs.ids).map((record) => ({ record, transport }))
    }),
  )
  const found = services.flat()
  if (found.length === 0) return [{ host, port: DEFAULT_PORT, transport: asked ?? 'udp' }]
  // RFC 2782: a lone "." says that there is no such service, and no other way to it
  return found
    .filter(({ record }) => record.name !== '' && record.name !== '.')
    .map(({ record, transport }) => ({ host: record.name.toLowerCase(), port: record.port, transport }))
}

/** §4.1: the services that NAPTR records name, those that we speak, the preferred one first. */
async function pointersOf(host: string, needs: ResolveNeeds, lookup: Lookup) {
  const records = await lookup.ask((signal) => needs.names.pointers(host, signal))
  return records
    .filter((record) => record.flags.toLowerCase() === 's' && record.regexp === '' && record.replacement !== '')
    .flatMap((record) => {
      const transport = POINTED[record.service.toUpperCase()]
      return transport && needs.serves(transport) ? [{ record, transport }] : []
    })
    .sort((a, b) => rank(a.record) - rank(b.record))
    .slice(0, MOST_POINTERS)
    .map(({ record, transport }) => ({ name: record.replacement.toLowerCase(), transport }))
}

const POINTED: Readonly<Record<string, Transport>> = { 'SIP+D2U': 'udp', 'SIP+D2T': 'tcp' }

function rank({ order, preference }: NaptrRecord): number {
  return order * 65_536 + preference
}

async function addressesOf(host: string, needs: ResolveNeeds, signal: AbortSignal): Promise<string[]> {
  return isIP(host) === 0 ? needs.names.addresses(host, signal) : [host]
}

/** What is left of destinations: those that we have a listener for, and that may be reached. */
export function allowed(found: readonly Destination[], needs: ResolveNeeds): Resolution {
  const canonical = found.map((one) => ({ ...one, remote: canonicalRemote(one.remote) }))
  const served = canonical.filter(({ remote, transport }) => {
    const family = isIP(remote.address)
    return remote.port > 0 && family !== 0 && needs.serves(transport, family)
  })
  if (served.length === 0) return nowhere('no_listener')
  const destinations = served
    .filter(({ remote, isInside }) => isInside || needs.mayReach(remote.address))
    .slice(0, MOST_DESTINATIONS)
  return destinations.length === 0 ? nowhere('refused_address') : { destinations }
}

function nowhere(issue: ResolveIssue): Resolution {
  return { destinations: [], issue }
}
