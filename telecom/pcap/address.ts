import { isIPv4, isIPv6 } from 'node:net'

/** An address and a port. IPv6 without brackets. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The 4 or 16 octets of an address; the unspecified IPv4 address for a text that is none. */
export function octetsOf(address: string): Buffer {
  const plain = address.replace(/%.*$/, '')
  if (isIPv4(plain)) return ipv4(plain)
  return isIPv6(plain) ? ipv6(plain) : Buffer.alloc(4)
}

/** The same as 16 octets: IPv4 addresses as mapped ones, where the other end is IPv6. */
export function octetsOfV6(address: string): Buffer {
  const octets = octetsOf(address)
  return octets.length === 16 ? octets : Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), octets])
}

function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number))
}

function ipv6(text: string): Buffer {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted ? ipv4(dotted[2] ?? '') : undefined
  const whole = tail ? `${dotted?.[1]}${tail.readUInt16BE(0).toString(16)}:${tail.readUInt16BE(2).toString(16)}` : text
  const [before = '', after] = whole.split('::')
  const left = groups(before)
  const right = groups(after ?? '')
  const octets = Buffer.alloc(16)
  for (const [at, group] of left.entries()) octets.writeUInt16BE(group, at * 2)
  for (const [at, group] of right.entries()) octets.writeUInt16BE(group, 16 - 2 * (right.length - at))
  return octets
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
