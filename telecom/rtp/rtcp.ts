/**
 * RTCP (RFC 3550 §6): what we send is always SR or RR first, then SDES with the CNAME, then BYE where we leave. What we
 * read is walked through packet by packet, checked against its lengths.
 */

/** A report block about one of the streams that the reporter receives (§6.4.1). */
export interface ReportBlock {
  ssrc: number
  /** Since the last report, in 256ths. */
  fractionLost: number
  cumulativeLost: number
  highestSequence: number
  /** In timestamp units. */
  jitter: number
  /** Middle 32 bits of the NTP time of the last SR that came from the reported source; 0 = none. */
  lastSenderReport: number
  /** Since then, in 1/65536 s. */
  delaySinceLastSenderReport: number
}

/** What a compound packet said, as far as we use it. */
export interface RtcpReport {
  ssrc: number
  /** Of an SR: the middle 32 bits of its NTP time. */
  senderReportNtp: number | undefined
  blocks: readonly ReportBlock[]
  bye: boolean
}

const SENDER_REPORT = 200
const RECEIVER_REPORT = 201
const SOURCE_DESCRIPTION = 202
const BYE = 203
const MOST_PACKETS = 16

/** Reads a compound packet; `undefined` where it is malformed. Unknown packet types are stepped over. */
export function parseRtcp(data: Buffer): RtcpReport | undefined {
  const blocks: ReportBlock[] = []
  let ssrc: number | undefined
  let senderReportNtp: number | undefined
  let bye = false
  let at = 0
  for (let packets = 0; at < data.length; packets++) {
    if (packets === MOST_PACKETS || data.length - at < 4) return undefined
    const first = data[at] as number
    const end = at + 4 + data.readUInt16BE(at + 2) * 4
    if (first >> 6 !== 2 || end > data.length) return undefined
    const type = data[at + 1]
    const count = first & 0x1f
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      const head = type === SENDER_REPORT ? 28 : 8
      if (at + head + count * 24 > end) return undefined
      ssrc = data.readUInt32BE(at + 4)
      if (type === SENDER_REPORT) senderReportNtp = data.readUInt32BE(at + 10)
      for (let block = 0; block < count; block++) blocks.push(readBlock(data, at + head + block * 24))
    } else if (type === BYE) {
      if (at + 4 + count * 4 > end) return undefined
      if (count > 0) ssrc ??= data.readUInt32BE(at + 4)
      bye = true
    }
    at = end
  }
  return ssrc === undefined ? undefined : { ssrc, senderReportNtp, blocks, bye }
}

function readBlock(data: Buffer, at: number): ReportBlock {
  return {
    ssrc: data.readUInt32BE(at),
    fractionLost: data.readUInt8(at + 4),
    cumulativeLost: data.readIntBE(at + 5, 3),
    highestSequence: data.readUInt32BE(at + 8),
    jitter: data.readUInt32BE(at + 12),
    lastSenderReport: data.readUInt32BE(at + 16),
    delaySinceLastSenderReport: data.readUInt32BE(at + 20),
  }
}

/** What we say about ourselves. */
export interface OurReport {
  ssrc: number
  /** 1 to 255 octets. */
  cname: string
  /** Present where we have sent since the last report but one: makes it an SR. */
  sender: { wallMs: number; timestamp: number; packets: number; octets: number } | undefined
  block: ReportBlock | undefined
  bye: boolean
}

/** Writes our compound packet into `into` and gives its length in octets. */
export function writeRtcp(into: Buffer, report: OurReport): number {
  const blocks = report.block ? 1 : 0
  let at = 0
  into[0] = 0x80 | blocks
  into[1] = report.sender ? SENDER_REPORT : RECEIVER_REPORT
  into.writeUInt32BE(report.ssrc, 4)
  at = 8
  if (report.sender) {
    into.writeUInt32BE(ntpSeconds(report.sender.wallMs), 8)
    into.writeUInt32BE(ntpFraction(report.sender.wallMs), 12)
    into.writeUInt32BE(report.sender.timestamp >>> 0, 16)
    into.writeUInt32BE(report.sender.packets >>> 0, 20)
    into.writeUInt32BE(report.sender.octets >>> 0, 24)
    at = 28
  }
  if (report.block) at = writeBlock(into, at, report.block)
  into.writeUInt16BE(at / 4 - 1, 2)
  at = writeSourceDescription(into, at, report.ssrc, report.cname)
  if (!report.bye) return at
  into[at] = 0x81
  into[at + 1] = BYE
  into.writeUInt16BE(1, at + 2)
  into.writeUInt32BE(report.ssrc, at + 4)
  return at + 8
}

function writeBlock(into: Buffer, at: number, block: ReportBlock): number {
  into.writeUInt32BE(block.ssrc, at)
  into[at + 4] = block.fractionLost
  into.writeIntBE(Math.min(block.cumulativeLost, 0x7fffff), at + 5, 3)
  into.writeUInt32BE(block.highestSequence, at + 8)
  into.writeUInt32BE(block.jitter >>> 0, at + 12)
  into.writeUInt32BE(block.lastSenderReport, at + 16)
  into.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, at + 20)
  return at + 24
}

/** §6.5: one chunk with the CNAME item, ended by at least one zero octet and padded to 32 bits. */
function writeSourceDescription(into: Buffer, start: number, ssrc: number, cname: string): number {
  into[start] = 0x81
  into[start + 1] = SOURCE_DESCRIPTION
  into.writeUInt32BE(ssrc, start + 4)
  into[start + 8] = 1
  const length = into.write(cname, start + 10, 255, 'latin1')
  into[start + 9] = length
  const end = start + Math.ceil((11 + length) / 4) * 4
  into.fill(0, start + 10 + length, end)
  into.writeUInt16BE((end - start) / 4 - 1, start + 2)
  return end
}

const SECONDS_1900_TO_1970 = 2_208_988_800
const ntpSeconds = (wallMs: number) => (Math.floor(wallMs / 1000) + SECONDS_1900_TO_1970) % 2 ** 32
const ntpFraction = (wallMs: number) => Math.floor(((wallMs % 1000) / 1000) * 2 ** 32)

/** The middle 32 bits of the NTP time: seconds in the upper half, 1/65536 s in the lower. */
export function middleNtp(wallMs: number): number {
  return (((ntpSeconds(wallMs) & 0xffff) << 16) | (ntpFraction(wallMs) >>> 16)) >>> 0
}

/** Round trip in milliseconds from a block about our stream (§6.4.1); `undefined` where it echoes no SR of ours. */
export function roundTripMs(block: ReportBlock, nowWallMs: number): number | undefined {
  if (block.lastSenderReport === 0) return undefined
  const units = (middleNtp(nowWallMs) - block.lastSenderReport - block.delaySinceLastSenderReport) | 0
  if (units < 0 || units > 65_536 * 30) return units > -66 && units < 0 ? 0 : undefined
  return (units * 1000) / 65_536
}
