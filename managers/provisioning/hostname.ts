import { isIP } from 'node:net'
import { canonicalAddress } from '#telecom/sip'

/** Where a provider is: a host name or an address, and a port where one was written. */
export interface SipHost {
  /** Lower case; an IPv6 address in brackets, as sockets write it. */
  host: string
  port?: number
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Reads `host`, `host:port`, `[address]:port`; `undefined` where it is none of them. */
export function readHostname(text: string): SipHost | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text.trim().toLowerCase())
  const written = match?.[1] ?? ''
  if (!isHost(written)) return undefined
  const host = written.startsWith('[') ? `[${canonicalAddress(written.slice(1, -1))}]` : written
  if (match?.[2] === undefined) return { host }
  const port = Number(match[2])
  return port > 0 && port < 65_536 ? { host, port } : undefined
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6
  if (/^[0-9.]+$/.test(host)) return isIP(host) === 4
  return (
    host.length <= 253 &&
    host
      .replace(/\.$/, '')
      .split('.')
      .every((label) => LABEL.test(label))
  )
}
