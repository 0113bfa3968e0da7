import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { systemClock } from '#platform/time'
import { type FakeCall, levelAt, Platform, pause, sine } from '#testkit'
import { converse, hears, type TalkingPhones, talkingPhones } from './talking-phones.ts'

const CALLER_HZ = 440
const CALLEE_HZ = 700
const ATTACKER_HZ = 1_600

let platform: Platform
let phones: TalkingPhones

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '2' })
  phones = await talkingPhones(platform)
})
after(async () => {
  phones?.stop()
  await platform?.stop()
})

/** Somebody who knows a call's port and sprays sound at it, with streams of all kinds. */
class Attacker {
  readonly socket = dgram.createSocket('udp4')
  received = 0
  #spraying = true
  #over: Promise<void> = Promise.resolve()

  static async start(target: { address: string; port: number }): Promise<Attacker> {
    const attacker = new Attacker()
    attacker.socket.on('message', () => attacker.received++)
    attacker.socket.bind(0, '127.0.0.1')
    await once(attacker.socket, 'listening')
    attacker.#over = attacker.#spray(target)
    return attacker
  }

  async #spray(target: { address: string; port: number }): Promise<void> {
    const loud = sine([ATTACKER_HZ], 20, 30_000)
    for (let sequence = 0; this.#spraying && sequence < 2_000; sequence++) {
      const packet = Buffer.alloc(172)
      packet[0] = 0x80
      packet.writeUInt16BE((sequence * 7) & 0xffff, 2)
      packet.writeUInt32BE((sequence * 160) >>> 0, 4)
      packet.writeUInt32BE(sequence % 3 === 0 ? 0x1234_5678 : sequence, 8) // the phone's own SSRC among them
      for (const [n, sample] of loud.entries()) packet[12 + n] = sample >= 0 ? 0x80 : 0x00 // as loud as µ-law can
      this.socket.send(packet, target.port, target.address)
      if (sequence % 4 === 3) await pause(20) // two hundred packets a second
    }
  }

  async stop(): Promise<void> {
    this.#spraying = false
    await this.#over
    this.socket.close()
  }
}

const loudWith = (hz: number) => (samples: Int16Array) => levelAt(samples, hz) > 3_000

test('who sprays RTP at a call from elsewhere is never heard and is sent nothing', async () => {
  let early: Attacker | undefined
  const nth = phones.callee.callees.length
  const { a, b } = await converse(phones, phones.callee.user, async (call) => {
    if (call.sound.target) early = await Attacker.start(call.sound.target)
    await pause(300) // before anything of the conversation is heard
  })
  assert.equal(phones.callee.callees[nth], b)
  const target = a.sound.target
  assert.ok(target)
  const late = await Attacker.start(target)
  const [hushA, hushB] = [a.sound.hum(CALLER_HZ), b.sound.hum(CALLEE_HZ)]
  await hears('the caller hears the callee', a, loudWith(CALLEE_HZ), 5_000)
  await hears('the callee hears the caller', b, loudWith(CALLER_HZ), 5_000)
  await pause(2_000) // what is heard meanwhile is looked at below
  for (const { sound } of [a, b]) {
    const attack = levelAt(sound.samples(sound.heard.length - 90), ATTACKER_HZ)
    assert.ok(attack < 200, `the attacker is heard: ${attack}`)
  }
  await a.hangUp()
  await b.heard('BYE')
  await pause(200) // and after the end
  await Promise.all([hushA(), hushB(), early?.stop(), late.stop()])
  assert.equal(early?.received, 0)
  assert.equal(late.received, 0)
})

test('a phone that says by re-INVITE that it has moved is heard again within 100 ms', async () => {
  const { a, b } = await converse(phones, phones.callee.user)
  const hush = a.sound.hum(CALLER_HZ)
  await hears('the callee hears the caller', b, loudWith(CALLER_HZ), 5_000)
  await hush()
  await a.sound.rebind()
  const moved = await a.reinvite(a.sound.offer())
  assert.equal(moved.status, 200)
  const hushAgain = a.sound.hum(CALLER_HZ)
  assert.ok((await heardAgainMs(b.sound, CALLER_HZ)) <= 200) // 100 ms, and 100 ms of sound that the level is taken of
  await hushAgain()
  await a.hangUp()
})

test('a phone whose NAT forgot its port is heard again within 4 s, with the same stream', async () => {
  const { a, b } = await converse(phones, phones.callee.user)
  const hush = a.sound.hum(CALLER_HZ)
  await hears('the callee hears the caller', b, loudWith(CALLER_HZ), 5_000)
  await hush()
  await a.sound.rebind()
  const hushAgain = a.sound.hum(CALLER_HZ)
  assert.ok((await heardAgainMs(b.sound, CALLER_HZ)) <= 4_100)
  await hushAgain()
  await a.hangUp()
})

/** Milliseconds until this tone is heard, from now on. */
async function heardAgainMs(sound: FakeCall['sound'], hz: number): Promise<number> {
  const startMs = systemClock.monotonicMs()
  await hears(`${hz} Hz is heard again`, { sound }, loudWith(hz), 6_000)
  return systemClock.monotonicMs() - startMs
}
