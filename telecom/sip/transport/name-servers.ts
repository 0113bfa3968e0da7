import { promises as dns } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { isNotThere, type NameSource } from './names.ts'

/** How long the hosts file is believed. */
const HOSTS_TTL_SECONDS = 5

/** The machine's hosts file for addresses, and name servers: by sockets, so that nothing waits for a thread. */
export interface NameServerOptions {
  /** `address:port` of each; the machine's own where left out. */
  readonly servers?: readonly string[]
  /** How long one may take to answer, and how often it is asked. */
  readonly timeoutMs?: number
  readonly tries?: number
}

export function nameServers({ servers, timeoutMs = 1_000, tries = 2 }: NameServerOptions = {}): NameSource {
  const asking = new Set<dns.Resolver>()
  const ask = async <T>(question: (resolver: dns.Resolver) => Promise<T>): Promise<T> => {
    const resolver = new dns.Resolver({ timeout: timeoutMs, tries })
    if (servers) resolver.setServers(servers)
    asking.add(resolver)
    try {
      return await question(resolver)
    } finally {
      asking.delete(resolver)
    }
  }
  return {
    async addresses(name) {
      const known = fromHostsFile(name)
      if (known.length > 0) return { records: known, ttlSeconds: HOSTS_TTL_SECONDS }
      // RFC 6761 §6.3: never asked of a server
      if (name === 'localhost' || name.endsWith('.localhost'))
        return { records: ['127.0.0.1', '::1'], ttlSeconds: undefined }
      return ask((resolver) => askForAddresses(resolver, name))
    },
    services: (name) => ask(async (resolver) => ({ records: await resolver.resolveSrv(name), ttlSeconds: undefined })),
    pointers: (name) =>
      ask(async (resolver) => ({ records: await resolver.resolveNaptr(name), ttlSeconds: undefined })),
    stop() {
      for (const resolver of asking) resolver.cancel()
    },
  }
}

/** Both families at once; one of them is enough. */
async function askForAddresses(resolver: dns.Resolver, name: string) {
  const asked = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ])
  const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  if (found.length > 0)
    return { records: found.map(({ address }) => address), ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)) }
  const [failure] = asked
    .flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []))
    .sort((a, b) => Number(isNotThere(a)) - Number(isNotThere(b)))
  throw failure
}

function fromHostsFile(name: string): string[] {
  const found: string[] = []
  for (const line of hostsFile().split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) !== 0 && names.some((each) => each.toLowerCase() === name)) found.push(address)
  }
  return found
}

function hostsFile(): string {
  try {
    return readFileSync('/etc/hosts', 'utf8')
  } catch {
    return '' // a machine without one
  }
}
