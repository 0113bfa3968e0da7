/** RTP (RFC 3550), its control protocol, telephone events (RFC 4733), jitter and the question whom to believe. */
export { JitterBuffer, type JitterPolicy, type Put } from './jitter-buffer.ts'
export { emptyRtpHeader, isRtcp, parseRtp, RTP_HEADER_BYTES, type RtpHeader, writeRtpHeader } from './packet.ts'
export { estimateMos } from './quality.ts'
export { type Arrival, Reception } from './reception.ts'
export {
  middleNtp,
  type OurReport,
  parseRtcp,
  type ReportBlock,
  type RtcpReport,
  roundTripMs,
  writeRtcp,
} from './rtcp.ts'
export { type ExpectedSource, Source, type Verdict } from './source.ts'
export { eventOfKey, keyOfEvent, TELEPHONE_EVENT_BYTES, writeTelephoneEvent } from './telephone-event.ts'
export { TelephoneEventReceiver } from './telephone-event-receiver.ts'
export { type EventStep, TelephoneEventSender } from './telephone-event-sender.ts'
