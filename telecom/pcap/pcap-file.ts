/** Of the file's header, and of what stands before each packet. */
export const FILE_HEADER_BYTES = 24
export const RECORD_HEADER_BYTES = 16

const MAGIC = 0xa1b2c3d4
const LONGEST = 65_535
/** LINKTYPE_RAW: a packet begins with its IP header. */
const RAW_IP = 101

/** What a capture file begins with. */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(LONGEST, 16)
  header.writeUInt32LE(RAW_IP, 20)
  return header
}

/** A packet as it stands in the file; `wallMs` with a fraction, kept to the microsecond. */
export function pcapRecord(wallMs: number, packet: Uint8Array): Buffer {
  const micros = Math.floor(wallMs * 1_000)
  const seconds = Math.floor(micros / 1_000_000)
  const record = Buffer.alloc(RECORD_HEADER_BYTES + packet.length)
  record.writeUInt32LE(seconds >>> 0, 0)
  record.writeUInt32LE(micros - seconds * 1_000_000, 4)
  record.writeUInt32LE(packet.length, 8)
  record.writeUInt32LE(packet.length, 12)
  record.set(packet, RECORD_HEADER_BYTES)
  return record
}

/** A record of a file of ours: when it was, and all of it. */
export interface PcapRecord {
  micros: number
  record: Buffer
}

/** The records of a file that `pcapHeader` and `pcapRecord` made; what was torn off at its end is left out. */
export function pcapRecords(file: Buffer): PcapRecord[] {
  if (file.length < FILE_HEADER_BYTES || file.readUInt32LE(0) !== MAGIC) return []
  const records: PcapRecord[] = []
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= file.length; ) {
    const length = file.readUInt32LE(at + 8)
    const end = at + RECORD_HEADER_BYTES + length
    if (length > LONGEST || end > file.length) break
    const micros = file.readUInt32LE(at) * 1_000_000 + file.readUInt32LE(at + 4)
    records.push({ micros, record: file.subarray(at, end) })
    at = end
  }
  return records
}
