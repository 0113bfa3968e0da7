import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Conversations, pcapHeader, pcapRecord, pcapRecords, udpPacket } from './index.ts'

const skip = spawnSync('tshark', ['--version']).status === 0 ? false : 'tshark is not installed'
const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5) + 0.123
const MESSAGE = Buffer.from(
  ['OPTIONS sip:a@b SIP/2.0', 'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1', 'Content-Length: 0\r\n\r\n'].join('\r\n'),
)

/** These fields of each packet as tshark reads them, checksums checked. */
function read(packets: readonly Buffer[], fields: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'strowger-pcap-'))
  try {
    const file = join(folder, 'x.pcap')
    writeFileSync(file, Buffer.concat([pcapHeader(), ...packets.map((each, at) => pcapRecord(START_MS + at, each))]))
    const checked = ['ip.check_checksum', 'udp.check_checksum', 'tcp.check_checksum'].flatMap((each) => [
      '-o',
      `${each}:TRUE`,
    ])
    const wanted = fields.flatMap((field) => ['-e', field])
    const text = execFileSync('tshark', ['-r', file, ...checked, '-T', 'fields', '-E', 'separator=|', ...wanted], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return text
      .trim()
      .split('\n')
      .map((line) => line.split('|'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a SIP message over UDP is read by tshark with its addresses, its time and right checksums', { skip }, () => {
  const v4 = udpPacket({ address: '192.0.2.1', port: 5060 }, { address: '198.51.100.7', port: 5062 }, MESSAGE)
  const fields = ['frame.time_epoch', 'ip.src', 'udp.srcport', 'ip.dst', 'udp.dstport', 'sip.Method']
  assert.deepEqual(read([v4], [...fields, 'ip.checksum.status', 'udp.checksum.status']), [
    ['1767323045.000123000', '192.0.2.1', '5060', '198.51.100.7', '5062', 'OPTIONS', '1', '1'],
  ])
})

test('over IPv6 as well, however the address is written', { skip }, () => {
  const from = { address: '2001:db8::1', port: 5060 }
  const odd = Buffer.from('odd') // an odd number of octets
  const packets = ['fe80::2%eth0', '::1', '::ffff:192.0.2.9'].map((address) =>
    udpPacket(from, { address, port: 4_000 }, odd),
  )
  assert.deepEqual(read(packets, ['ipv6.src', 'ipv6.dst', 'udp.length', 'udp.checksum.status']), [
    ['2001:db8::1', 'fe80::2', '11', '1'],
    ['2001:db8::1', '::1', '11', '1'],
    ['2001:db8::1', '::ffff:192.0.2.9', '11', '1'],
  ])
})

test('messages over one TCP connection are a stream that tshark puts together', { skip }, () => {
  const [a, b] = [
    { address: '192.0.2.1', port: 5060 },
    { address: '192.0.2.2', port: 40_000 },
  ]
  const tcp = new Conversations()
  const packets = [...tcp.packets(b, a, MESSAGE), ...tcp.packets(a, b, MESSAGE), ...tcp.packets(b, a, MESSAGE)]
  const rows = read(packets, ['tcp.flags.str', 'sip.Method', 'tcp.checksum.status', 'tcp.analysis.flags'])
  assert.equal(rows.length, 6, 'three of the handshake')
  assert.deepEqual(
    rows.map(([, method]) => method),
    ['', '', '', 'OPTIONS', 'OPTIONS', 'OPTIONS'],
  )
  for (const [, , checksum, analysis] of rows) assert.deepEqual([checksum, analysis ?? ''], ['1', ''])
})

test('a file whose end is torn off is read up to its last whole packet', () => {
  const record = pcapRecord(START_MS, MESSAGE)
  const file = Buffer.concat([pcapHeader(), record, record.subarray(0, record.length - 1)])
  assert.deepEqual(pcapRecords(file), [{ micros: Math.floor(START_MS * 1_000), record }])
  assert.deepEqual(pcapRecords(file.subarray(0, 10)), [])
  assert.deepEqual(pcapRecords(Buffer.from('not a capture at all, however long it may be')), [])
})
