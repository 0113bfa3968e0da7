import type { NaptrRecord, SrvRecord } from 'node:dns'
import { isIP } from 'node:net'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { SipUri } from '../message/uri.ts'
import { bareHost } from '../message/via.ts'
import type { RemoteAddress } from './flow.ts'
import type { Names } from './names.ts'

/** Where a request may go, and over what. */
export interface Destination {
  readonly remote: RemoteAddress
  readonly transport: 'udp' | 'tcp'
}

export interface ResolveNeeds {
  readonly names: Names
  readonly clock: Clock
  readonly ids: Ids
  /** Whether requests of ours may go to an address. */
  mayReach(address: string): boolean
  /** Whether we have a listener for this transport and family (4 or 6; any where left out). */
  serves(transport: 'udp' | 'tcp', family?: number): boolean
}

/** What may be asked in all, and at each of the three steps: pointers, services, addresses. */
const TOTAL_MS = 3_000
const STEP_MS = 1_200
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
 * Where a SIP URI leads (RFC 3263 §4): address, explicit port, NAPTR, SRV, then A and AAAA, as the URI asks. Addresses
 * that may not be reached, and transports that we do not have (`sips`, `ws`), are left out; `maddr` is never followed.
 */
export async function resolveUri(uri: SipUri, needs: ResolveNeeds): Promise<Destination[]> {
  if (!hasTransport(uri)) return []
  const known = knownDestination(uri)
  if (known) return allowed([known], needs)
  const ending = new AbortController()
  const deadline = needs.clock.after(TOTAL_MS, () => ending.abort())
  try {
    const servers = (await findServers(uri, needs, ending.signal)).slice(0, MOST_SERVICES)
    const found = await Promise.all(
      servers.map(async ({ host, port, transport }) => {
        const addresses = await within(needs, ending.signal, (signal) => addressesOf(host, needs, signal))
        return addresses.slice(0, MOST_ADDRESSES).map((address) => ({ remote: { address, port }, transport }))
      }),
    )
    return allowed(found.flat(), needs)
  } finally {
    deadline.cancel()
    ending.abort()
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

async function findServers(uri: SipUri, needs: ResolveNeeds, signal: AbortSignal): Promise<Server[]> {
  const host = uri.host.replace(/\.$/, '')
  const asked = transportOf(uri)
  if (uri.port !== undefined) return [{ host, port: uri.port, transport: asked ?? 'udp' }]
  const transports: Transport[] = asked ? [asked] : ['udp', 'tcp']
  const served = transports.filter((transport) => needs.serves(transport))
  const pointed = asked ? [] : await pointersOf(host, needs, signal)
  const wanted =
    pointed.length > 0 ? pointed : served.map((transport) => ({ name: `_sip._${transport}.${host}`, transport }))
  const services = await Promise.all(
    wanted.map(async ({ name, transport }) => {
      const records = await within(needs, signal, (ending) => needs.names.services(name, ending))
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
async function pointersOf(host: string, needs: ResolveNeeds, signal: AbortSignal) {
  const records = await within(needs, signal, (ending) => needs.names.pointers(host, ending))
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

/** RFC 2782: the lowest priority first; within one, by lot, so that each is as often the first as its weight says. */
export function inOrder(records: readonly SrvRecord[], ids: Ids): SrvRecord[] {
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight).slice(0, 4 * MOST_SERVICES)
  const ordered: SrvRecord[] = []
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]?.priority)
    const total = same.reduce((sum, { weight }) => sum + weight, 0)
    const lot = ids.integer(total + 1)
    let sum = 0
    const chosen = same.find(({ weight }) => {
      sum += weight
      return sum >= lot
    })
    if (!chosen) break
    left.splice(left.indexOf(chosen), 1)
    ordered.push(chosen)
  }
  return ordered
}

async function addressesOf(host: string, needs: ResolveNeeds, signal: AbortSignal): Promise<string[]> {
  return isIP(host) === 0 ? needs.names.addresses(host, signal) : [host]
}

/** One step: what was found in its time; nothing where there is none, an error, or no answer. */
async function within<T>(
  { clock }: ResolveNeeds,
  signal: AbortSignal,
  step: (signal: AbortSignal) => Promise<T[]>,
): Promise<T[]> {
  if (signal.aborted) return []
  const ending = new AbortController()
  let end = () => {}
  const late = new Promise<T[]>((resolve) => {
    end = () => {
      ending.abort()
      resolve([])
    }
  })
  const timer = clock.after(STEP_MS, end)
  signal.addEventListener('abort', end)
  try {
    return await Promise.race([step(ending.signal).catch((): T[] => []), late])
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', end)
  }
}

function allowed(destinations: readonly Destination[], needs: ResolveNeeds): Destination[] {
  return destinations
    .filter(({ remote, transport }) => {
      const family = isIP(remote.address)
      return remote.port > 0 && family !== 0 && needs.serves(transport, family) && needs.mayReach(remote.address)
    })
    .slice(0, MOST_DESTINATIONS)
}
