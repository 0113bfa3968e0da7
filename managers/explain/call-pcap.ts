import { Conversations, type PcapRecord, pcapHeader, pcapRecord, pcapRecords, udpPacket } from '#telecom/pcap'
import type { RecordedMessage } from './call-record.ts'

/** A capture file of these messages and of the captured sound, in the order in which they were on the wire. */
export function pcapOf(messages: readonly RecordedMessage[], sound: Buffer): Buffer {
  const records = [...sipRecords(messages), ...pcapRecords(sound)].sort((a, b) => a.micros - b.micros)
  return Buffer.concat([pcapHeader(), ...records.map(({ record }) => record)])
}

function sipRecords(messages: readonly RecordedMessage[]): PcapRecord[] {
  const streams = new Conversations()
  return messages.flatMap(({ at, direction, transport, local, remote, text }) => {
    const [from, to] = direction === 'in' ? [remote, local] : [local, remote]
    const payload = Buffer.from(text, 'latin1')
    const packets = transport === 'udp' ? [udpPacket(from, to, payload)] : streams.packets(from, to, payload)
    return packets.map((packet) => ({ micros: Math.floor(at * 1_000), record: pcapRecord(at, packet) }))
  })
}
