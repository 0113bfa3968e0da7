import { promises as dns, type NaptrRecord, type SrvRecord } from 'node:dns'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** What can be asked about a name. A name that has nothing of the kind may reject or give an empty list. */
export interface Names {
  /** Its addresses, IPv4 first. */
  addresses(name: string, signal: AbortSignal): Promise<string[]>
  services(name: string, signal: AbortSignal): Promise<SrvRecord[]>
  pointers(name: string, signal: AbortSignal): Promise<NaptrRecord[]>
}

/** The machine's hosts file for addresses, and its name servers. Asks by sockets, so that nothing waits for a thread. */
export const systemNames: Names = {
  async addresses(name, signal) {
    const known = fromHostsFile(name)
    if (known.length > 0) return known
    // RFC 6761 §6.3: never asked of a server
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
    const asked = await ask(signal, (server) => Promise.allSettled([server.resolve4(name), server.resolve6(name)]))
    const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    const failure = asked.find((each) => each.status === 'rejected' && !isNotThere(each.reason))
    if (found.length === 0 && failure?.status === 'rejected') throw failure.reason
    return found
  },
  services: (name, signal) => ask(signal, (server) => server.resolveSrv(name)),
  pointers: (name, signal) => ask(signal, (server) => server.resolveNaptr(name)),
}

async function ask<T>(signal: AbortSignal, question: (server: dns.Resolver) => Promise<T>): Promise<T> {
  const server = new dns.Resolver({ timeout: 1_000, tries: 2 })
  const cancel = () => server.cancel()
  signal.addEventListener('abort', cancel)
  try {
    return await question(server)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Whether an error of a name server says that there is nothing, rather than that it could not tell. */
export function isNotThere(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === dns.NOTFOUND || code === dns.NODATA
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
