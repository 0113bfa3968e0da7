import ipaddr from 'ipaddr.js'

/** Whose word about the client's address is believed: a header, from peers in these networks only. */
export interface TrustedProxy {
  /** In lower case, e.g. `cf-connecting-ip`. */
  header: string
  /** CIDR networks or single addresses. */
  networks: readonly string[]
}

/** The address of the client: the peer's, or what a trusted proxy says. `X-Forwarded-For` is never believed by itself. */
export function clientAddress(
  peer: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  proxy: TrustedProxy | undefined,
): string {
  const address = plain(peer)
  if (!proxy) return address
  const said = headers[proxy.header]
  if (typeof said !== 'string' || !ipaddr.isValid(said.trim())) return address
  return proxy.networks.some((network) => inside(address, network)) ? plain(said.trim()) : address
}

/** Headers by which a proxy shows itself: whoever sends one is not the machine's own process asking. */
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'] as const

/** Whether the request comes from this very machine and through no proxy. */
export function isLocal(peer: string, headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  if (PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false
  return ipaddr.isValid(peer) && ipaddr.process(peer).range() === 'loopback'
}

/** IPv4 inside IPv6 is written as IPv4. */
function plain(address: string): string {
  if (!address.includes(':')) return address
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address
}

function inside(address: string, network: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  const [base, bits] = network.includes('/')
    ? ipaddr.parseCIDR(network)
    : ([ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128] as const)
  if (parsed instanceof ipaddr.IPv4) return base instanceof ipaddr.IPv4 && parsed.match(base, bits)
  return base instanceof ipaddr.IPv6 && parsed.match(base, bits)
}
