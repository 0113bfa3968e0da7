/** Capture files of what was sent and received, with the IP, UDP and TCP headers that we never see. See README.md. */
export type { Endpoint } from './address.ts'
export { Conversations } from './conversations.ts'
export { udpPacket } from './packet.ts'
export { type PcapRecord, pcapHeader, pcapRecord, pcapRecords } from './pcap-file.ts'
