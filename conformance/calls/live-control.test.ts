import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, type FakeCall, type FakeCallee, type Json, levelAt, Platform, rms } from '#testkit'
import { converse, hears, speakThenConnect, type TalkingPhones, talkingPhones } from './talking-phones.ts'

const CALLER_HZ = 440
const CALLEE_HZ = 700
const CLIENT_HZ = 1_100
const SOON_MS = 10_000

let platform: Platform

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '2', MEDIA_PLACEMENT: 'apart' })
})
after(() => platform?.stop())

interface Talk {
  phones: TalkingPhones
  a: FakeCall
  b: FakeCallee
  /** The caller's call and the callee's. */
  callerId: string
  calleeId: string
  stop(): Promise<void>
}

/** Two phones in conversation, each humming its tone. */
async function talk(): Promise<Talk> {
  const phones = await talkingPhones(platform)
  const { a, b } = await converse(phones, await speakThenConnect(platform, phones.callee.user))
  const hush = [a.sound.hum(CALLER_HZ), b.sound.hum(CALLEE_HZ)]
  await both(a, b)
  const { body } = await platform.api('GET', '/calls')
  const idOf = (direction: string) => body.result.find((call: Json) => call.direction === direction).id
  return {
    ...{ phones, a, b, callerId: idOf('incoming'), calleeId: idOf('outgoing') },
    async stop() {
      await a.hangUp()
      await Promise.all(hush.map((each) => each()))
      phones.stop()
    },
  }
}

const has = (hz: number) => (sound: Int16Array) => levelAt(sound, hz) > 3_000
const isSilent = (sound: Int16Array) => rms(sound) < 30
/** Neither silence nor the other phone. */
const isOther = (sound: Int16Array) =>
  rms(sound) > 100 && levelAt(sound, CALLER_HZ) < 500 && levelAt(sound, CALLEE_HZ) < 500

/** Each hears the other. */
async function both(a: FakeCall, b: FakeCallee): Promise<void> {
  await hears('the caller hears the callee', a, has(CALLEE_HZ), SOON_MS)
  await hears('the callee hears the caller', b, has(CALLER_HZ), SOON_MS)
}

async function ask(method: string, id: string, what: string, body?: object): Promise<void> {
  const answer = await platform.api(method, `/calls/${id}/${what}`, body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

/** The phone got one stream: one SSRC, and no gap in its sequence. */
function assertOneStream({ sound }: FakeCall | FakeCallee): void {
  const voice = sound.captured.filter(({ payloadType }) => payloadType === 0)
  assert.equal(new Set(voice.map(({ ssrc }) => ssrc)).size, 1)
  for (const [n, { sequence }] of voice.entries()) {
    const before = voice[n - 1]
    if (before) assert.equal(sequence, (before.sequence + 1) & 0xffff, `packet ${n}`)
  }
}

const offersTo = (phone: FakeCall | FakeCallee) =>
  phone.requests
    .filter(({ method, toTag }) => method === 'INVITE' && toTag !== '')
    .map(({ sdp }) => sdp?.toString() ?? '')

test('mute drops one direction of a conversation, and the other leg as well when it is asked for', async () => {
  const { a, b, callerId, calleeId, stop } = await talk()
  try {
    await ask('POST', callerId, 'mute', { direction: 'in' })
    await hears('the callee hears nothing', b, isSilent, SOON_MS)
    await hears('the caller still hears the callee', a, has(CALLEE_HZ), SOON_MS)
    await ask('POST', calleeId, 'mute', { direction: 'in' })
    await hears('the caller hears nothing either', a, isSilent, SOON_MS)
    await ask('DELETE', callerId, 'mute', { direction: 'in' })
    await hears('the callee hears the caller again', b, has(CALLER_HZ), SOON_MS)
    await ask('DELETE', calleeId, 'mute')
    await both(a, b)
    await ask('POST', callerId, 'mute', { direction: 'out' })
    await hears('the caller hears nothing', a, isSilent, SOON_MS)
    await hears('the callee hears the caller', b, has(CALLER_HZ), SOON_MS)
    await ask('DELETE', callerId, 'mute')
    await both(a, b)
    for (const phone of [a, b]) assertOneStream(phone)
  } finally {
    await stop()
  }
})

test('hold by the API tells that phone alone: music there, silence at the other end, and back', async () => {
  const { a, b, callerId, calleeId, stop } = await talk()
  try {
    await ask('POST', callerId, 'hold')
    await hears('the caller hears music', a, isOther, SOON_MS)
    await hears('the callee hears nobody', b, isSilent, SOON_MS)
    assert.match(offersTo(a)[0] ?? '', /a=sendonly/)
    assert.deepEqual(offersTo(b), [])
    await ask('DELETE', callerId, 'hold')
    await both(a, b)
    await eventually('it was told', () => offersTo(a).length === 2)
    assert.match(offersTo(a)[1] ?? '', /a=sendrecv/)
    await ask('POST', calleeId, 'hold')
    await hears('the callee hears music', b, isOther, SOON_MS)
    await ask('DELETE', calleeId, 'hold')
    await both(a, b)
    for (const phone of [a, b]) assertOneStream(phone)
  } finally {
    await stop()
  }
})

test("a phone's own hold and ours cross: whoever holds is heard again only when both have let go", async () => {
  const { a, b, callerId, stop } = await talk()
  try {
    assert.equal((await a.reinvite(a.sound.offer({ direction: 'sendonly' }))).status, 200)
    await hears('the callee hears the music of the hold', b, isOther, SOON_MS)
    await ask('POST', callerId, 'hold')
    assert.equal((await a.reinvite(a.sound.offer())).status, 200)
    await hears('the caller hears music, for the API still holds', a, isOther, SOON_MS)
    await hears('the callee hears nobody', b, isSilent, SOON_MS)
    await ask('DELETE', callerId, 'hold')
    await both(a, b)
  } finally {
    await stop()
  }
})

test('music, silence and words are heard by one end of a conversation alone, which goes on afterwards', async () => {
  const { a, b, callerId, stop } = await talk()
  try {
    await ask('POST', callerId, 'moh')
    await hears('the caller hears music', a, isOther, SOON_MS)
    await hears('the callee hears the caller', b, has(CALLER_HZ), SOON_MS)
    await ask('DELETE', callerId, 'moh')
    await ask('POST', callerId, 'silence')
    await hears('the caller hears silence', a, isSilent, SOON_MS)
    await ask('DELETE', callerId, 'silence')
    await both(a, b)
    await ask('POST', callerId, 'talk', { text: 'This call will end in one minute.' })
    await hears('the caller hears words', a, isOther, SOON_MS)
    await hears('the callee hears the caller', b, has(CALLER_HZ), SOON_MS)
    await both(a, b)
    assert.deepEqual([...offersTo(a), ...offersTo(b)], [], 'no phone is told of any of it')
    for (const phone of [a, b]) assertOneStream(phone)
  } finally {
    await stop()
  }
})

test('a program hears both ends of a conversation and is heard by one; when it goes the conversation is as before', async () => {
  const { a, b, callerId, stop } = await talk()
  try {
    const { accesskey } = platform.credentials.customer
    const url = `${platform.http}/v1.0/calls/${callerId}/media_stream?encapsulation=sln&accesskey=${accesskey}`
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    socket.binaryType = 'arraybuffer'
    const frames: Int16Array[] = []
    socket.addEventListener('message', ({ data }) => frames.push(new Int16Array(data as ArrayBuffer)))
    await eventually('the program hears both', () => {
      const recent = Int16Array.from(frames.slice(-10).flatMap((frame) => [...frame]))
      return levelAt(recent, CALLER_HZ) > 2_000 && levelAt(recent, CALLEE_HZ) > 2_000
    })
    const said = Int16Array.from({ length: 80_000 }, (_, n) => 8_000 * Math.sin((2 * Math.PI * CLIENT_HZ * n) / 8_000))
    for (let at = 0; at < said.length; at += 160) socket.send(said.slice(at, at + 160))
    await hears('the caller hears the program', a, has(CLIENT_HZ), SOON_MS)
    await hears('and the callee', a, has(CALLEE_HZ), SOON_MS)
    await hears('the callee hears the caller', b, has(CALLER_HZ), SOON_MS)
    const from = b.sound.heard.length
    await eventually('a second passes', () => b.sound.heard.length > from + 50)
    assert.ok(levelAt(b.sound.samples(from), CLIENT_HZ) < 100, 'but not the program')
    socket.close()
    await hears('the program is gone', a, (sound) => has(CALLEE_HZ)(sound) && levelAt(sound, CLIENT_HZ) < 200, SOON_MS)
    for (const phone of [a, b]) assertOneStream(phone)
  } finally {
    await stop()
  }
})
