import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { WebSocket } from '#platform/http'
import { ManualClock } from '#platform/time'
import { AudioSocketKind, audioSocketMessage } from '#telecom/media'
import { MediaStream } from './media-stream.ts'
import type { StreamConnection } from './stream-connection.ts'
import { encapsulationOf } from './stream-encapsulation.ts'

/** A client and a call, both played by the test. */
function stream(name: 'sln' | 'rtp' | 'audiosocket' = 'sln') {
  const clock = new ManualClock()
  const sent: Buffer[] = []
  const taken: (() => void)[] = []
  const client = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    paused: false,
    pings: 0,
    closed: undefined as { code: number; reason: string } | undefined,
    terminated: false,
    send(frame: Buffer, done?: () => void) {
      sent.push(frame)
      if (done) taken.push(done)
    },
    close(code: number, reason: string) {
      client.closed = { code, reason }
    },
    pause() {
      client.paused = true
    },
    resume() {
      client.paused = false
    },
    ping() {
      client.pings++
    },
    terminate() {
      client.terminated = true
      client.emit('close', 1006)
    },
  })
  const said: Buffer[] = []
  const call = {
    hasRoom: true,
    isClosed: false,
    onMessage: (_kind: number, _payload: Buffer) => {},
    onEnd: (_saidSo: boolean) => {},
    onRoom: () => {},
    ended: undefined,
    say(sound: Buffer) {
      said.push(Buffer.from(sound))
      return call.hasRoom
    },
    close() {
      call.isClosed = true
    },
  }
  const ends: number[] = []
  new MediaStream({
    socket: client as unknown as WebSocket,
    connection: call as unknown as StreamConnection,
    encapsulation: encapsulationOf(name),
    clock,
    onEnd: (dropped) => ends.push(dropped),
  })
  const frame = (mark: number) => Buffer.alloc(320, mark)
  const hear = (mark: number) => call.onMessage(AudioSocketKind.audio, frame(mark))
  return { clock, client, call, sent, said, taken, ends, frame, hear }
}

test('a client that reads slowly loses the oldest frames, which are counted, and gets the newest in order', () => {
  const { client, call, sent, taken, ends, hear } = stream()
  hear(1)
  client.bufferedAmount = 16_384
  for (let mark = 2; mark <= 72; mark++) hear(mark)
  assert.equal(sent.length, 1, 'no more is given to a network that takes nothing')
  client.bufferedAmount = 0
  for (const done of taken.splice(0)) done()
  assert.deepEqual(
    sent.slice(1).map(([mark]) => mark),
    [...Array(50).keys()].map((n) => n + 23),
  )
  client.emit('close', 1000)
  assert.deepEqual(ends, [21])
  assert.ok(call.isClosed)
})

test('a client that sends faster than the call takes is read again when there is room', () => {
  const { client, call, said, frame } = stream()
  call.hasRoom = false
  client.emit('message', frame(1), true)
  assert.ok(client.paused)
  call.onRoom()
  assert.ok(!client.paused)
  assert.deepEqual(said, [frame(1)])
})

test('text is ignored, and what cannot be read closes with 1008', () => {
  const bad: ['sln' | 'rtp' | 'audiosocket', Buffer][] = [
    ['sln', Buffer.alloc(3)],
    ['rtp', Buffer.alloc(5)],
    ['audiosocket', audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(3))],
  ]
  for (const [name, message] of bad) {
    const { client, said, ends } = stream(name)
    client.emit('message', Buffer.from('hello!'), false)
    assert.equal(client.closed?.code, undefined)
    client.emit('message', message, true)
    assert.equal(client.closed?.code, 1008, name)
    assert.deepEqual(said, [])
    assert.deepEqual(ends, [0])
  }
})

test('packets of RTP with another payload type are ignored', () => {
  const { client, said } = stream('rtp')
  const packet = Buffer.alloc(12 + 320)
  packet[0] = 0x80
  client.emit('message', packet, true)
  assert.deepEqual([said, client.closed], [[], undefined])
  packet[1] = 96
  client.emit('message', packet, true)
  assert.equal(said.length, 1)
})

test('messages of AudioSocket may come in pieces; a hangup in them ends the stream, not the call', () => {
  const { client, call, said } = stream('audiosocket')
  const message = audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(320, 7))
  client.emit('message', message.subarray(0, 100), true)
  assert.deepEqual(said, [])
  client.emit('message', Buffer.concat([message.subarray(100), message]), true)
  assert.deepEqual(said, [Buffer.alloc(640, 7)])
  client.emit('message', audioSocketMessage(AudioSocketKind.hangup), true)
  assert.equal(client.closed?.code, 1000)
  assert.ok(call.isClosed)
})

test('it ends with the call as 1000, and as 1011 where the sound was lost', () => {
  for (const [saidSo, code] of [
    [true, 1000],
    [false, 1011],
  ] as const) {
    const { client, call, sent, ends, hear } = stream('audiosocket')
    call.onEnd(saidSo)
    assert.equal(client.closed?.code, code)
    assert.deepEqual(sent, saidSo ? [audioSocketMessage(AudioSocketKind.hangup)] : [])
    hear(1)
    client.emit('close', code)
    assert.deepEqual(ends, [0], 'once, and nothing is sent afterwards')
  }
})

test('a client that answers no pings for a minute is cut off; one that does stays', () => {
  const { clock, client, ends } = stream()
  for (let n = 0; n < 10; n++) {
    clock.advance(20_000)
    client.emit('pong')
  }
  assert.equal(client.terminated, false)
  assert.equal(client.pings, 10)
  clock.advance(80_000)
  assert.ok(client.terminated)
  assert.deepEqual(ends, [0])
  assert.equal(clock.pending, 0)
})
