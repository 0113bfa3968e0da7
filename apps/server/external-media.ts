import type { CallEngine } from '#managers/call'
import type { Ask } from '#managers/flow'
import { uuidOfName } from '#platform/ids'
import { type AddressGuard, NameNotResolved, type ResolveHost } from '#platform/outbound'

/** What the actions `external_media_start` and `…_stop` reach. */
export interface ExternalMediaNeeds {
  live: () => Pick<CallEngine, 'stream'>
  /** Which addresses customers may send sound to. */
  reachable: Pick<AddressGuard, 'allows'>
  resolve: ResolveHost
}

/** How long a name may take. Milliseconds. */
const RESOLVE_MS = 5_000

type Hears = 'none' | 'in' | 'out' | 'both'

/** Sound goes to a program and back by AudioSocket over TCP, and we connect; what else the option can say is told apart. */
export function startExternalMedia({ live, reachable, resolve }: ExternalMediaNeeds): Ask {
  return async (customer_id, { options, reference_id: call_id }, key) => {
    const text = (name: string) => (typeof options[name] === 'string' ? options[name] : '')
    const way = [text('encapsulation') || 'rtp', text('transport') || 'udp', text('connection_type') || 'client']
    if (way.join() !== 'audiosocket,tcp,client')
      return refused(`external_media_unsupported: ${way[0]} over ${way[1]} as ${way[2]}`)
    if (text('format') === 'slin16') return refused('external_media_unsupported: audiosocket carries slin')
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(text('external_host')) ?? []
    if (!isPort(Number(port))) return refused('external_media_refused: port')
    const addresses = await addressesOf(host.replace(/^\[(.*)\]$/, '$1'), resolve)
    const address = addresses.find((each) => reachable.allows(each))
    if (address === undefined) return refused(`external_media_refused: ${addresses.length > 0 ? 'blocked' : 'dns'}`)
    const stream = { stream_id: uuidOfName(`external media ${key}`), address, port: Number(port), ...directions(text) }
    await live().stream({ id: key, type: 'stream_start', customer_id, call_id, stream })
    return { ok: true }
  }
}

/** Ends every stream of the call. */
export function stopExternalMedia({ live }: Pick<ExternalMediaNeeds, 'live'>): Ask {
  return async (customer_id, { reference_id: call_id }, key) => {
    await live().stream({ id: key, type: 'stream_stop', customer_id, call_id })
    return { ok: true }
  }
}

const isPort = (port: number) => port >= 1 && port <= 65_535

const refused = (cause: string) => ({ ok: false, cause }) as const

/** Each direction by its own name; where neither is named, both by `direction`, which is both ways unless it says less. */
function directions(text: (name: string) => string): { listen: Hears; speak: boolean } {
  const [listen, speak] = [text('direction_listen'), text('direction_speak')]
  if (listen !== '' || speak !== '') return { listen: hears(listen), speak: speak !== '' }
  const both = text('direction') || 'both'
  return { listen: hears(both), speak: true }
}

function hears(direction: string): Hears {
  return direction === 'in' || direction === 'out' || direction === 'both' ? direction : 'none'
}

async function addressesOf(host: string, resolve: ResolveHost): Promise<string[]> {
  try {
    return await resolve(host, AbortSignal.timeout(RESOLVE_MS))
  } catch (error) {
    if (error instanceof NameNotResolved) return []
    throw error
  }
}
