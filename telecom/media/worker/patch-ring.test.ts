import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecs } from '../codecs/index.ts'
import { PatchReader, PatchWriter, patchMemory } from './patch-ring.ts'
import { emptyVoicePacket, LONGEST_PAYLOAD, type VoicePacket } from './voice-packet.ts'

function patch() {
  const memory = patchMemory()
  let rung = 0
  const writer = new PatchWriter(memory, () => rung++)
  const reader = new PatchReader(memory)
  const voice = emptyVoicePacket(Buffer.alloc(LONGEST_PAYLOAD + 7))
  const heard: number[] = []
  return {
    write(number: number, changes: Partial<VoicePacket> = {}) {
      Object.assign(voice, { timestamp: number >>> 0, count: 160, offset: 7, ...changes })
      voice.octets.fill(number & 0xff)
      writer.hear(voice)
    },
    drain(check: (packet: VoicePacket) => void = () => {}) {
      heard.length = 0
      const hear = (packet: VoicePacket) => {
        heard.push(packet.timestamp)
        assert.ok(packet.octets.subarray(0, packet.count).every((octet) => octet === (packet.timestamp & 0xff)))
        check(packet)
      }
      return { lost: reader.drain({ hear }), heard: [...heard] }
    },
    rung: () => rung,
  }
}

test('packets come out of a patch as they went in, in order, each once', () => {
  const { write, drain, rung } = patch()
  assert.deepEqual(drain(), { lost: 0, heard: [] })
  write(4_000_000_000, {
    ssrc: 0xfedcba98,
    codec: codecs.PCMA,
    reordered: true,
    keysInSound: true,
    count: LONGEST_PAYLOAD,
  })
  const { heard } = drain((packet) => {
    assert.deepEqual(
      [packet.ssrc, packet.codec.name, packet.reordered, packet.keysInSound, packet.count],
      [0xfedcba98, 'PCMA', true, true, LONGEST_PAYLOAD],
    )
  })
  assert.deepEqual(heard, [4_000_000_000])
  for (let n = 0; n < 1_000; n++) {
    write(n)
    if (n % 7 === 6) assert.deepEqual(drain(), { lost: 0, heard: [6, 5, 4, 3, 2, 1, 0].map((back) => n - back) })
  }
  assert.equal(rung(), 1_001)
})

test('a reader that comes too late loses the oldest packets, is told how many, and goes on with the newest', () => {
  const { write, drain } = patch()
  for (let n = 0; n < 50; n++) write(n)
  const { lost, heard } = drain()
  assert.equal(lost, 34)
  assert.deepEqual(
    heard,
    Array.from({ length: 16 }, (_, n) => 34 + n),
  )
  write(50)
  assert.deepEqual(drain(), { lost: 0, heard: [50] })
})
