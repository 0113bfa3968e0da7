import { promises as dns } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** The name has no address, or no server said so in time. */
export class NameNotResolved extends Error {
  override name = 'NameNotResolved'
}

/** Gives every address of a name. */
export type ResolveHost = (host: string, signal: AbortSignal) => Promise<string[]>

/**
 * Every address of a name: from the machine's hosts file, else by DNS. It asks by sockets of its own and not by the
 * system's resolver, which would occupy one of the few threads that hash passwords and read files: a customer whose name
 * servers are slow must not slow down anybody else.
 */
export const resolveHost: ResolveHost = async (host, signal) => {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (isIP(name) !== 0) return [name]
  const known = fromHostsFile(name)
  if (known.length > 0) return known
  // RFC 6761 §6.3: never asked of a server
  if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 3 })
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const asked = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    if (found.length > 0) return found
    throw new NameNotResolved(name, { cause: asked[0].status === 'rejected' ? asked[0].reason : undefined })
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

const HOSTS = '/etc/hosts'

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
    return readFileSync(HOSTS, 'utf8')
  } catch {
    return '' // a machine without one
  }
}
