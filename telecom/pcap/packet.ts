import { type Endpoint, octetsOf, octetsOfV6 } from './address.ts'
import { checksumOf, sumOf } from './checksum.ts'

const UDP = 17
const TCP = 6
const TTL = 64
const IPV4_BYTES = 20
const IPV6_BYTES = 40
const UDP_BYTES = 8
const TCP_BYTES = 20
const WINDOW = 65_535

/** What one packet carries at most, whatever the headers. */
export const LONGEST_PAYLOAD = 65_535 - IPV4_BYTES - TCP_BYTES

/** The flags of a TCP segment. */
export const FLAG = { syn: 0x02, push: 0x08, ack: 0x10 } as const

/** An IP packet with a UDP datagram. A payload that is longer than one takes is cut off. */
export function udpPacket(from: Endpoint, to: Endpoint, payload: Uint8Array): Buffer {
  const body = payload.subarray(0, LONGEST_PAYLOAD)
  const segment = Buffer.alloc(UDP_BYTES + body.length)
  segment.writeUInt16BE(from.port, 0)
  segment.writeUInt16BE(to.port, 2)
  segment.writeUInt16BE(segment.length, 4)
  segment.set(body, UDP_BYTES)
  return ipPacket(from, to, UDP, segment, 6)
}

export interface TcpSegment {
  sequence: number
  acknowledge: number
  flags: number
  payload: Uint8Array
}

/** An IP packet with a TCP segment. */
export function tcpPacket(from: Endpoint, to: Endpoint, { sequence, acknowledge, flags, payload }: TcpSegment): Buffer {
  const body = payload.subarray(0, LONGEST_PAYLOAD)
  const segment = Buffer.alloc(TCP_BYTES + body.length)
  segment.writeUInt16BE(from.port, 0)
  segment.writeUInt16BE(to.port, 2)
  segment.writeUInt32BE(sequence >>> 0, 4)
  segment.writeUInt32BE(acknowledge >>> 0, 8)
  segment[12] = (TCP_BYTES / 4) << 4
  segment[13] = flags
  segment.writeUInt16BE(WINDOW, 14)
  segment.set(body, TCP_BYTES)
  return ipPacket(from, to, TCP, segment, 16)
}

/** Puts the segment's checksum at `checksumAt` and an IP header before it: IPv6 where one end is. */
function ipPacket(from: Endpoint, to: Endpoint, protocol: number, segment: Buffer, checksumAt: number): Buffer {
  const isV6 = octetsOf(from.address).length === 16 || octetsOf(to.address).length === 16
  const octets = isV6 ? octetsOfV6 : octetsOf
  const [source, target] = [octets(from.address), octets(to.address)]
  const pseudo = sumOf(source) + sumOf(target) + protocol + segment.length
  const sum = checksumOf(pseudo + sumOf(segment))
  // RFC 768: 0 means none was made, so one that is 0 is written as its complement
  segment.writeUInt16BE(sum === 0 && protocol === UDP ? 0xffff : sum, checksumAt)
  return Buffer.concat([
    isV6 ? ipv6(source, target, protocol, segment) : ipv4(source, target, protocol, segment),
    segment,
  ])
}

function ipv4(source: Buffer, target: Buffer, protocol: number, segment: Buffer): Buffer {
  const header = Buffer.alloc(IPV4_BYTES)
  header[0] = 0x45
  header.writeUInt16BE(IPV4_BYTES + segment.length, 2)
  header[6] = 0x40 // don't fragment: what is shown here never was in pieces
  header[8] = TTL
  header[9] = protocol
  header.set(source, 12)
  header.set(target, 16)
  header.writeUInt16BE(checksumOf(sumOf(header)), 10)
  return header
}

function ipv6(source: Buffer, target: Buffer, protocol: number, segment: Buffer): Buffer {
  const header = Buffer.alloc(IPV6_BYTES)
  header[0] = 0x60
  header.writeUInt16BE(segment.length, 4)
  header[6] = protocol
  header[7] = TTL
  header.set(source, 8)
  header.set(target, 24)
  return header
}
