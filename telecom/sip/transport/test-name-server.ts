import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { TestContext } from 'node:test'

/** One record, as the server of a test has it: of the name that was asked for, or `of` another one. */
export type TestRecord =
  | { type: 'A' | 'AAAA'; address: string; ttl?: number; of?: string }
  | { type: 'CNAME'; to: string }
  | { type: 'SRV'; priority: number; weight: number; port: number; to: string }
  | { type: 'NAPTR'; order: number; preference: number; flags: string; service: string; regexp?: string; to: string }

/** What it does with a question: records, an error by its number, silence, or bytes of its own behind the question. */
export type TestAnswer = TestRecord[] | { rcode: number } | 'silence' | { bytes: Buffer; answers: number }

const TYPES: Record<number, string> = { 1: 'A', 5: 'CNAME', 28: 'AAAA', 33: 'SRV', 35: 'NAPTR' }
const NUMBERS = { A: 1, CNAME: 5, AAAA: 28, SRV: 33, NAPTR: 35 } as const

/** A name server on a loopback port (RFC 1035 §4): real datagrams, and whatever mischief a test wants. */
export async function nameServer(
  t: TestContext,
  answer: (type: string, name: string) => TestAnswer,
): Promise<{ address: string; asked: string[] }> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, from) => {
    const { name, end } = nameAt(query, 12)
    const type = TYPES[query.readUInt16BE(end)] ?? '?'
    asked.push(`${type} ${name}`)
    const given = answer(type, name.toLowerCase())
    if (given === 'silence') return
    const records = Array.isArray(given)
      ? given.map((one) => recordOf(one, name))
      : 'bytes' in given
        ? [given.bytes]
        : []
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    const rcode = 'rcode' in given ? given.rcode : 0
    header.writeUInt16BE(0x8180 | rcode, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE('answers' in given ? given.answers : records.length, 6)
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...records]), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.after(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return { address: `127.0.0.1:${socket.address().port}`, asked }
}

function nameAt(data: Buffer, from: number): { name: string; end: number } {
  const labels: string[] = []
  let at = from
  for (let length = data[at] ?? 0; length > 0; length = data[at] ?? 0) {
    labels.push(data.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), end: at + 1 }
}

export function recordOf(record: TestRecord, name: string): Buffer {
  const data = dataOf(record)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(NUMBERS[record.type], 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE('ttl' in record ? (record.ttl ?? 60) : 60, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameBytes('of' in record ? (record.of ?? name) : name), fixed, data])
}

function dataOf(record: TestRecord): Buffer {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return addressBytes(record.address)
    case 'CNAME':
      return nameBytes(record.to)
    case 'SRV':
      return Buffer.concat([numbers(record.priority, record.weight, record.port), nameBytes(record.to)])
    case 'NAPTR': {
      const texts = [record.flags, record.service, record.regexp ?? ''].map(textBytes)
      return Buffer.concat([numbers(record.order, record.preference), ...texts, nameBytes(record.to)])
    }
  }
}

function numbers(...values: number[]): Buffer {
  const data = Buffer.alloc(2 * values.length)
  for (const [at, value] of values.entries()) data.writeUInt16BE(value, 2 * at)
  return data
}

function textBytes(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')])
}

function nameBytes(name: string): Buffer {
  const labels = name === '' || name === '.' ? [] : name.split('.')
  return Buffer.concat([...labels.map(textBytes), Buffer.from([0])])
}

/** IPv6 without `::` in the middle of a test's patience: eight groups, or one `::`. */
function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail.split(':').filter(Boolean)
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return numbers(...groups.map((group) => Number.parseInt(group, 16)))
}
