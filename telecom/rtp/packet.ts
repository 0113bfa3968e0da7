/**
 * RTP packets (RFC 3550 §5.1), read and written in place: nothing is allocated per packet.
 *
 *  0                   1                   2                   3
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  |                           timestamp                           |
 *  |                             SSRC                              |
 *  |                     CC × 4 octets of CSRC                     |
 */

/** A parsed header; one object is used again and again. */
export interface RtpHeader {
  payloadType: number
  marker: boolean
  sequence: number
  timestamp: number
  ssrc: number
  /** Where the payload starts, in octets from the packet's first. */
  payloadOffset: number
  payloadLength: number
}

export const RTP_HEADER_BYTES = 12

export function emptyRtpHeader(): RtpHeader {
  return { payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payloadOffset: 0, payloadLength: 0 }
}

/** Whether a packet that came to the RTP port is RTCP (RFC 5761 §4). */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0
  return type >= 192 && type <= 223
}

/** Reads the header into `header`; false where this is no RTP version 2 packet that is whole. */
export function parseRtp(packet: Buffer, header: RtpHeader): boolean {
  if (packet.length < RTP_HEADER_BYTES) return false
  const first = packet[0] as number
  if (first >> 6 !== 2) return false
  let offset = RTP_HEADER_BYTES + (first & 0x0f) * 4
  if (first & 0x10) {
    if (packet.length < offset + 4) return false
    offset += 4 + packet.readUInt16BE(offset + 2) * 4
  }
  let end = packet.length
  if (first & 0x20) {
    const padding = packet[end - 1] as number
    if (padding === 0) return false
    end -= padding
  }
  if (offset > end) return false
  const second = packet[1] as number
  header.marker = second >= 128
  header.payloadType = second & 0x7f
  header.sequence = packet.readUInt16BE(2)
  header.timestamp = packet.readUInt32BE(4)
  header.ssrc = packet.readUInt32BE(8)
  header.payloadOffset = offset
  header.payloadLength = end - offset
  return true
}

/** Writes a header without CSRC, extension or padding at the start of `packet`. */
export function writeRtpHeader(
  packet: Buffer,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[0] = 0x80
  packet[1] = (marker ? 0x80 : 0) | payloadType
  packet.writeUInt16BE(sequence, 2)
  packet.writeUInt32BE(timestamp, 4)
  packet.writeUInt32BE(ssrc, 8)
}
