import { timestamp } from '#platform/time'
import type { EndpointStatistics } from '#telecom/media'
import type { CallRecord, RecordedMessage } from './call-record.ts'
import { MOST_ANALYSED, type SipAnalysis } from './contract.ts'
import { statisticsOf } from './record-facts.ts'
import { summaryOf, textOf } from './sip-text.ts'

/** The messages that a customer sees, oldest first: not those between two private addresses (RFC 1918). */
export function visibleMessages({ messages }: CallRecord): RecordedMessage[] {
  return messages.filter(({ local, remote }) => !(isPrivate(local.address) && isPrivate(remote.address)))
}

/** The answer to `sip-analysis` (`media.md` §7). */
export function analysisOf(record: CallRecord): SipAnalysis {
  const statistics = statisticsOf(record)
  return {
    sip_messages: visibleMessages(record).slice(0, MOST_ANALYSED).map(shown),
    rtcp_stats: statistics ? statsOf(statistics) : null,
  }
}

function shown(message: RecordedMessage): SipAnalysis['sip_messages'][number] {
  const { direction, local, remote, text, at } = message
  const [from, to] = direction === 'in' ? [remote, local] : [local, remote]
  const { status, method } = summaryOf(message)
  return {
    timestamp: timestamp(at),
    method: status === 0 ? method : String(status),
    src_ip: from.address,
    src_port: from.port,
    dst_ip: to.address,
    dst_port: to.port,
    raw: textOf(text),
  }
}

function statsOf(statistics: EndpointStatistics): NonNullable<SipAnalysis['rtcp_stats']> {
  const { received, jitterMs, loss, roundTripMs, mos, rtcp, dropped } = statistics
  const isRtcp = (reason: string) => reason.startsWith('rtcp_')
  const errors = (which: (reason: string) => boolean) =>
    Object.entries(dropped).reduce((sum, [reason, count]) => (which(reason) ? sum + count : sum), 0)
  return {
    mos: Math.round(mos * 100) / 100,
    jitter: Math.round(jitterMs),
    packet_loss_pct: Math.round(loss * 10_000) / 100,
    rtt: Math.round((roundTripMs ?? 0) * 1_000),
    rtp_bytes: received.octets,
    rtp_packets: received.packets,
    rtp_errors: errors((reason) => !isRtcp(reason)),
    rtcp_bytes: rtcp.received.octets,
    rtcp_packets: rtcp.received.packets,
    rtcp_errors: errors(isRtcp),
  }
}

/** RFC 1918. */
function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address.replace(/^::ffff:/i, ''))
}
