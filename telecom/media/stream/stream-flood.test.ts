import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { ManualClock } from '#platform/time'
import { eventually } from '#testkit'
import type { StreamIssue } from '../media-event.ts'
import { AudioSocketKind, AudioSocketReader, audioSocketMessage } from './audio-socket.ts'
import { ReadPace } from './read-pace.ts'
import { StreamLink } from './stream-link.ts'

/** A program that somebody has connected to, and what became of the stream. */
async function stream(t: TestContext, speak = true) {
  const clock = new ManualClock()
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as net.AddressInfo
  const stream_id = '0b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
  const target = { stream_id, address: '127.0.0.1', port, listen: 'both', speak } as const
  const ends: (StreamIssue | undefined)[] = []
  let started = false
  const link = new StreamLink(target, {
    clock,
    started: () => {
      started = true
    },
    ended: (issue) => ends.push(issue),
  })
  const [program] = (await once(server, 'connection')) as [net.Socket]
  program.on('error', () => {})
  t.after(() => {
    link.close()
    program.destroy()
  })
  await eventually('it is there', () => started)
  return { clock, link, program, ends }
}

/** Sends this over and over, piece by piece; tells how much of it the network has taken. */
function flood(program: net.Socket, message: Buffer) {
  const piece = Buffer.alloc(65_535 - (65_535 % message.length), message)
  const taken = { octets: 0, all: false }
  const next = () => {
    if (taken.octets < MANY)
      program.write(piece, () => {
        taken.octets += piece.length
        next()
      })
    else {
      taken.all = true
      program.write(audioSocketMessage(AudioSocketKind.hangup))
    }
  }
  next()
  return taken
}

/** Until the network has taken nothing for a while: it stands still when nobody reads. */
async function still(taken: { octets: number; all: boolean }): Promise<void> {
  let [last, same] = [-1, 0]
  await eventually('nobody reads any more', () => {
    same = taken.octets === last ? same + 1 : 0
    last = taken.octets
    return same >= 20 || taken.all
  })
}

const MANY = 12 * 1024 * 1024
for (const [what, speak, message] of [
  ['sound that nobody hears', false, audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(320))],
  ['empty sound', true, audioSocketMessage(AudioSocketKind.audio)],
  ['digits', true, audioSocketMessage(AudioSocketKind.digit, Buffer.from('1'))],
  ['silence', true, audioSocketMessage(AudioSocketKind.silence)],
] as const)
  test(`a flood of ${what} is read at the pace of the clock, and its end is heard all the same`, async (t) => {
    const { clock, program, ends } = await stream(t, speak)
    const taken = flood(program, message)
    await still(taken)
    assert.equal(taken.all, false, 'while no time passes no more is read than what may come at once')
    assert.deepEqual(ends, [])
    const turn = setInterval(() => clock.advance(10_000), 1)
    t.after(() => clearInterval(turn))
    await eventually('all of it is read as time passes', () => ends.length === 1, 20_000)
    assert.deepEqual(ends, [undefined])
  })

for (const [what, octets] of [
  ['another protocol', Buffer.from('G\0\x02T / HTTP/1.1\r\n\r\n')],
  ['a message of more than 8 KB', Buffer.from([AudioSocketKind.audio, 0x20, 0x01])],
] as const)
  test(`${what} ends the stream at once`, async (t) => {
    const { program, ends } = await stream(t)
    program.write(octets)
    await eventually('it ends', () => ends.length === 1)
    assert.deepEqual(ends, ['broken'])
  })

test('sound of other rates and messages of 8 KB are of the protocol', async (t) => {
  const { program, ends, link } = await stream(t)
  program.write(audioSocketMessage(0x18, Buffer.alloc(320)))
  program.write(audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(8_192, 1)))
  const frame = new Int16Array(160)
  await eventually('it is heard', () => {
    link.mixInto(frame, 160)
    return frame[0] !== 0
  })
  assert.deepEqual(ends, [])
})

test('a program may be read at 64 KB a second, and octets that drip cost more', () => {
  const clock = new ManualClock()
  const pace = new ReadPace(clock)
  assert.equal(pace.took(60_000), 0)
  assert.ok(pace.took(64_000) > 900)
  clock.advance(60_000)
  let reads = 0
  while (pace.took(1) === 0) reads++
  assert.ok(reads < 1_700, 'what is saved up is bounded, however long nothing came')
})

test('a message that drips in is put together without being copied again and again', (t) => {
  const concat = t.mock.method(Buffer, 'concat')
  const read: Buffer[] = []
  const reader = new AudioSocketReader((_, payload) => read.push(Buffer.from(payload)))
  const sound = Buffer.from(Array.from({ length: 65_535 }, (_, n) => n & 0xff))
  for (const octet of audioSocketMessage(AudioSocketKind.audio, sound)) reader.push(Buffer.from([octet]))
  assert.deepEqual(read, [sound])
  assert.equal(concat.mock.callCount(), 0)
})
