import { type OurReport, parseRtcp, type ReportBlock, roundTripMs, writeRtcp } from '#telecom/rtp'
import type { PacketCount } from '../media-event.ts'
import type { IncomingStream } from './incoming-stream.ts'
import type { OutgoingStream } from './outgoing-stream.ts'

const INTERVAL_MS = 5_000

/** One endpoint's RTCP: a report about every five seconds, and what the other side reports about us. */
export class ControlChannel {
  readonly #incoming: IncomingStream
  readonly #outgoing: OutgoingStream
  readonly #cname: string
  readonly #random: () => number
  readonly #send: (packet: Buffer, bytes: number) => void
  readonly #packet = Buffer.alloc(512)
  #dueMs = Number.POSITIVE_INFINITY
  #sentPackets = 0
  #senderReportNtp = 0
  #senderReportMs = 0
  roundTripMs: number | null = null
  remote: { loss: number; jitterMs: number } | null = null
  readonly sent: PacketCount = { packets: 0, octets: 0 }
  readonly received: PacketCount = { packets: 0, octets: 0 }

  /** `random` gives numbers from 0 up to 1: reports of many endpoints must not fall together (RFC 3550 §6.3.1). */
  constructor(needs: {
    incoming: IncomingStream
    outgoing: OutgoingStream
    cname: string
    random: () => number
    send: (packet: Buffer, bytes: number) => void
  }) {
    this.#incoming = needs.incoming
    this.#outgoing = needs.outgoing
    this.#cname = needs.cname
    this.#random = needs.random
    this.#send = needs.send
  }

  /** Sends a report when one is due. */
  tick(nowMs: number, wallMs: number): void {
    if (this.#dueMs === Number.POSITIVE_INFINITY) this.#dueMs = nowMs + INTERVAL_MS * (0.25 + this.#random() * 0.5)
    if (nowMs < this.#dueMs) return
    this.#dueMs = nowMs + INTERVAL_MS * (0.5 + this.#random())
    this.report(nowMs, wallMs, false)
  }

  /** Sends a report now; `bye` = our last. */
  report(nowMs: number, wallMs: number, bye: boolean): void {
    const { packets, octets, timestamp, ssrc } = this.#outgoing
    const sending = packets > this.#sentPackets
    this.#sentPackets = packets
    const report: OurReport = {
      ssrc,
      cname: this.#cname,
      sender: sending ? { wallMs, timestamp, packets, octets } : undefined,
      block: this.#block(nowMs),
      bye,
    }
    const bytes = writeRtcp(this.#packet, report)
    this.sent.packets++
    this.sent.octets += bytes
    this.#send(this.#packet, bytes)
  }

  #block(nowMs: number): ReportBlock | undefined {
    const { reception, ssrc } = this.#incoming
    if (ssrc < 0) return undefined
    return {
      ssrc,
      fractionLost: reception.takeFractionLost(),
      cumulativeLost: reception.lost,
      highestSequence: reception.highestSequence,
      jitter: reception.jitterUnits,
      lastSenderReport: this.#senderReportNtp,
      delaySinceLastSenderReport:
        this.#senderReportNtp === 0 ? 0 : Math.round(((nowMs - this.#senderReportMs) * 65_536) / 1000),
    }
  }

  /** Takes a compound packet; false where it is malformed. */
  receive(packet: Buffer, nowMs: number, wallMs: number): boolean {
    const report = parseRtcp(packet)
    if (!report) return false
    this.received.packets++
    this.received.octets += packet.length
    if (report.senderReportNtp !== undefined) {
      this.#senderReportNtp = report.senderReportNtp
      this.#senderReportMs = nowMs
    }
    const block = report.blocks.find(({ ssrc }) => ssrc === this.#outgoing.ssrc)
    if (!block) return true
    this.remote = { loss: block.fractionLost / 256, jitterMs: block.jitter / 8 }
    this.roundTripMs = roundTripMs(block, wallMs) ?? this.roundTripMs
    return true
  }
}
