import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import { AudioSocketKind, AudioSocketReader, audioSocketMessage } from '#telecom/media'
import { assertReason, eventually, type FakeCall, levelAt, refused, sameButRequestId, sine, TestCalls } from '#testkit'
import { StreamGateway } from './stream-gateway.ts'

const NUMBER = '+899003000003'
const PHONE_HZ = 440
const CLIENT_HZ = 1_100
const calls = await TestCalls.start()
await calls.number(NUMBER)
const api = await calls.api()
const mine = api(calls.customer)
const other = await calls.otherCustomer()
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
}

async function liveCall(): Promise<{ id: string; phone: FakeCall }> {
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const id = calls.lives.at(-1)?.live.id ?? ''
  await eventually('it is up', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'progressing')
  return { id, phone }
}

const urlOf = (id: string, encapsulation = 'sln', customer = calls.customer) =>
  `${calls.url}/v1.0/calls/${id}/media_stream?encapsulation=${encapsulation}&token=${customer}`

/** A client of a stream: keeps its binary messages. */
class Client {
  readonly messages: Buffer[] = []
  closed: { code: number; reason: string } | undefined
  readonly socket: WebSocket

  private constructor(url: string) {
    this.socket = new WebSocket(url.replace(/^http/, 'ws'))
    this.socket.binaryType = 'arraybuffer'
    this.socket.addEventListener('message', ({ data }) => this.messages.push(Buffer.from(data as ArrayBuffer)))
    this.socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason }
    })
  }

  static async open(url: string): Promise<Client> {
    const client = new Client(url)
    await eventually('it is open or refused', () => client.socket.readyState !== WebSocket.CONNECTING)
    assert.equal(client.socket.readyState, WebSocket.OPEN)
    return client
  }
}

function samplesOf(octets: Buffer): Int16Array {
  return Int16Array.from({ length: octets.length >> 1 }, (_, n) => octets.readInt16LE(n * 2))
}

/** 20 ms of the client's tone, from this sample on. */
function toneFrame(at: number): Buffer {
  const tone = sine([CLIENT_HZ], 20 + at / 8, 6_000).subarray(at, at + 160)
  const frame = Buffer.alloc(320)
  for (const [n, sample] of tone.entries()) frame.writeInt16LE(sample, n * 2)
  return frame
}

/** What each encapsulation makes of sound, written down here independently of the code. */
const FORMS = {
  sln: {
    wrap: (sound: Buffer) => sound,
    unwrap: (message: Buffer) => {
      assert.equal(message.length, 320)
      return message
    },
  },
  rtp: {
    wrap: (sound: Buffer, n: number) => {
      const head = Buffer.from([0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9])
      head.writeUInt16BE(n, 2)
      head.writeUInt32BE(n * 160, 4)
      return Buffer.concat([head, sound])
    },
    unwrap: (message: Buffer, n: number) => {
      assert.equal(message.length, 332)
      assert.deepEqual([message[0], message[1]], [0x80, 96])
      assert.equal(message.readUInt16BE(2), n + 1, 'the sequence begins at 1')
      assert.equal(message.readUInt32BE(4), n * 160, 'timestamps count samples')
      assert.equal(message.readUInt32BE(8), 0)
      return message.subarray(12)
    },
  },
  audiosocket: {
    wrap: (sound: Buffer) => Buffer.concat([Buffer.from([0x10, 0x01, 0x40]), sound]),
    unwrap: (message: Buffer) => {
      assert.deepEqual([...message.subarray(0, 3)], [0x10, 0x01, 0x40])
      return message.subarray(3)
    },
  },
} as const

for (const [name, form] of Object.entries(FORMS))
  test(`${name}: the client hears the party and the party hears the client, until the call ends with 1000`, async () => {
    const { id, phone } = await liveCall()
    const silence = phone.sound.hum(PHONE_HZ)
    const client = await Client.open(urlOf(id, name))
    await eventually('a second is heard', () => client.messages.length >= 50)
    const heard = samplesOf(Buffer.concat(client.messages.map((message, n) => form.unwrap(message, n))))
    assert.ok(levelAt(heard.subarray(-4_000), PHONE_HZ) > 3_000, 'the party is heard')
    for (let n = 0; n < 60; n++) client.socket.send(new Uint8Array(form.wrap(toneFrame(n * 160), n)))
    await eventually('the phone hears the client', () => {
      const { length } = phone.sound.heard
      return levelAt(phone.sound.samples(Math.max(0, length - 15)), CLIENT_HZ) > 3_000
    })
    client.socket.send('text is ignored')
    const before = client.messages.length
    await eventually('sound goes on', () => client.messages.length > before + 10)
    const later = samplesOf(form.unwrap(client.messages.at(-1) as Buffer, client.messages.length - 1))
    assert.ok(levelAt(later, CLIENT_HZ) < 500, 'the client does not hear itself')
    await silence()
    await phone.hangUp()
    const closed = await eventually('the stream ends with the call', () => client.closed)
    assert.equal(closed.code, 1000)
    if (name === 'audiosocket') assert.deepEqual([...(client.messages.at(-1) ?? [])], [0, 0, 0])
  })

test('everything that can be refused is refused before the upgrade, as the API refuses', async () => {
  const { id, phone } = await liveCall()
  for (const encapsulation of ['', 'opus', 'SLN']) {
    const answer = await refused(urlOf(id, encapsulation))
    assertReason(answer, 400, 'INVALID_ARGUMENT', 'api-manager')
    assert.equal(answer.body.error.details[0].field, 'encapsulation')
  }
  assertReason(await refused(urlOf('7')), 400, 'INVALID_ID', 'api-manager')
  const unknown = await refused(urlOf(systemIds.uuid()))
  assertReason(unknown, 404, 'CALL_NOT_FOUND', 'call-manager')
  sameButRequestId(await refused(urlOf(id, 'sln', other)), unknown)
  assertReason(await mine.get(`/v1.0/calls/${id}/media_stream?encapsulation=sln`), 400, 'INVALID_ARGUMENT')
  await phone.hangUp()
  await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${id}`)).body.status === 'hangup')
  assertReason(await refused(urlOf(id)), 409, 'CALL_ALREADY_HANGUP', 'call-manager')
})

test('a call that still rings is CALL_STATE_INVALID', async () => {
  calls.script = () => {}
  const before = calls.lives.length
  let ringing: FakeCall | undefined
  const caller = (await calls.phone('somebody')).call(NUMBER, {
    whileRinging: (call) => {
      ringing = call
    },
  })
  await eventually('it rings', () => calls.lives.length > before && ringing?.provisional.includes(180))
  assertReason(await refused(urlOf(calls.lives.at(-1)?.live.id ?? '')), 409, 'CALL_STATE_INVALID', 'call-manager')
  ringing?.cancel()
  await caller
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
})

test('five streams may be open at the same time; one that goes makes room', async () => {
  const { id, phone } = await liveCall()
  const clients = await Promise.all([1, 2, 3, 4, 5].map(() => Client.open(urlOf(id))))
  assertReason(await refused(urlOf(id)), 409, 'STATE_INVALID', 'api-manager')
  clients[0]?.socket.close()
  const sixth = await eventually('there is room', () => Client.open(urlOf(id)).catch(() => undefined))
  for (const client of [...clients.slice(1), sixth]) await eventually('each hears', () => client.messages.length > 5)
  await phone.hangUp()
  for (const client of [...clients.slice(1), sixth])
    assert.equal((await eventually('each is closed', () => client.closed)).code, 1000)
})

test('a client that sends a whole minute at once is read more slowly, hears on meanwhile, and ends with the call', async () => {
  const { id, phone } = await liveCall()
  const client = await Client.open(urlOf(id))
  for (let second = 0; second < 60; second++) client.socket.send(new Uint8Array(16_000))
  await eventually('sound still comes', () => client.messages.length >= 50)
  assert.equal(client.closed, undefined)
  await phone.hangUp()
  await eventually('it ends with the call', () => client.closed)
})

test('who connects to the gateway without the id of a stream that is waited for is cut off', async () => {
  const gateway = new StreamGateway({ clock: systemClock })
  const expected = await gateway.expect(systemIds.uuid())
  for (const bytes of [
    audioSocketMessage(AudioSocketKind.id, Buffer.alloc(16, 1)),
    audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(320)),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'.padEnd(66_000, 'x')),
  ]) {
    const socket = net.connect(expected.port, expected.address)
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(bytes)
    await new Promise((resolve) => socket.once('close', resolve))
  }
  expected.forget()
  await assert.rejects(expected.connection)
  await gateway.stop()
})

test('a connection with the right id is handed over, with what it says', async () => {
  const gateway = new StreamGateway({ clock: systemClock })
  const id = systemIds.uuid()
  const expected = await gateway.expect(id)
  const socket = net.connect(expected.port, expected.address)
  await once(socket, 'connect')
  socket.write(audioSocketMessage(AudioSocketKind.id, Buffer.from(id.replaceAll('-', ''), 'hex')))
  const connection = await expected.connection
  const heard: number[] = []
  connection.onMessage = (_kind, payload) => heard.push(payload.length)
  socket.write(audioSocketMessage(AudioSocketKind.audio, Buffer.alloc(320)))
  await eventually('it is heard', () => heard.length === 1)
  const said: number[] = []
  const reader = new AudioSocketReader((_kind, payload) => said.push(payload.length))
  socket.on('data', (chunk) => reader.push(chunk))
  connection.say(Buffer.alloc(320))
  await eventually('it is said', () => said.length === 1)
  await gateway.stop()
  await once(socket, 'close')
})
