import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inDialog, lines, reply, sdp, type Test, talking } from './test-lines.ts'
import { until } from './test-phone.ts'

const AUDIO = /m=audio \d+ RTP\/AVP ([\d ]+)\r/

/** The re-INVITE that comes next, and what its description says. */
async function reoffered(at: Test) {
  const invite = await at.phone.request('INVITE')
  const text = invite.sdp?.toString() ?? ''
  return {
    invite,
    formats: AUDIO.exec(text)?.[1],
    direction: /a=(sendrecv|sendonly|recvonly|inactive)/.exec(text)?.[1],
  }
}

async function accept(at: Test, invite: Awaited<ReturnType<typeof reoffered>>['invite'], description: string) {
  await reply(at.phone, invite, 200, { sdp: description })
  await at.phone.request('ACK')
}

test('a leg that we hold hears music and is heard by nobody; its phone is told, and told when it is taken back', async (t) => {
  const at = await lines(t)
  const { line, sound } = await talking(at)
  line.echo()
  line.hold(true)
  const { cover, mute, sending } = sound.wanted.at(-1) ?? {}
  assert.ok(cover?.kind === 'prompt' && cover.loop, 'music at once, whatever the phone says')
  assert.equal(mute, 'in')
  assert.equal(sending?.kind, 'echo', 'what sounded waits')
  const held = await reoffered(at)
  assert.deepEqual([held.direction, held.formats], ['sendonly', '0 8 101'])
  line.hold(true)
  await accept(at, held.invite, sdp({ lines: 'a=recvonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendonly')
  assert.deepEqual(sound.wanted.at(-1)?.cover, cover, 'the same music goes on')
  line.hold(false)
  assert.equal(sound.wanted.at(-1)?.cover, undefined)
  const back = await reoffered(at)
  assert.equal(back.direction, 'sendrecv')
  await accept(at, back.invite, sdp())
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendrecv')
  assert.deepEqual([sound.wanted.at(-1)?.sending.kind, sound.wanted.at(-1)?.mute], ['echo', undefined])
})

test('taken back, a leg offers the codec of before first, whatever the phone chose while it was held', async (t) => {
  const at = await lines(t)
  const { line, sound } = await talking(at)
  line.hold(true)
  await accept(at, (await reoffered(at)).invite, sdp({ payloads: '8 101', lines: 'a=recvonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.codec === 'PCMA')
  line.hold(false)
  const back = await reoffered(at)
  assert.equal(back.formats, '0 8 101')
  await accept(at, back.invite, sdp())
  await until('it is agreed', () => sound.wanted.at(-1)?.codec === 'PCMU')
})

test('where both sides offer at once the hold is said again after the time of §14.1', async (t) => {
  const at = await lines(t)
  const { line, sound } = await talking(at)
  line.hold(true)
  await reply(at.phone, (await reoffered(at)).invite, 491)
  await at.phone.request('ACK')
  await until('it waits', () => at.clock.pending > 1)
  at.clock.advance(4_000)
  const again = await reoffered(at)
  assert.equal(again.direction, 'sendonly')
  await accept(at, again.invite, sdp({ lines: 'a=recvonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendonly')
})

for (const when of ['while it waits to be said again', 'before the phone has answered'] as const)
  test(`a hold taken back ${when} leaves a phone that knows nothing of it talking`, async (t) => {
    const at = await lines(t)
    const { line, sound } = await talking(at)
    line.hold(true)
    const { invite } = await reoffered(at)
    if (when === 'before the phone has answered') line.hold(false)
    await reply(at.phone, invite, 491)
    await at.phone.request('ACK')
    await until('it waits', () => at.clock.pending > 1)
    line.hold(false)
    await at.phone.send(inDialog(at, line, 'UPDATE', 1, sdp({ port: 4_600 })))
    assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=sendrecv/)
    assert.equal(sound.wanted.at(-1)?.direction, 'sendrecv')
    at.clock.advance(4_000)
    await at.phone.send(inDialog(at, line, 'OPTIONS', 2))
    await at.phone.response(200)
    assert.deepEqual(at.phone.passedOver, [], 'it is asked nothing')
  })

test('a phone that learns of a hold by our answer to its own offer is told when it is taken back', async (t) => {
  const at = await lines(t)
  const { line, sound } = await talking(at)
  line.hold(true)
  await reply(at.phone, (await reoffered(at)).invite, 491)
  await at.phone.request('ACK')
  await until('it waits', () => at.clock.pending > 1)
  await at.phone.send(inDialog(at, line, 'UPDATE', 1, sdp()))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=sendonly/)
  line.hold(false)
  at.clock.advance(4_000)
  const back = await reoffered(at)
  assert.equal(back.direction, 'sendrecv')
  await accept(at, back.invite, sdp())
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendrecv')
})

test('the last wish wins while the phone still thinks about the first', async (t) => {
  const at = await lines(t)
  const { line, sound } = await talking(at)
  line.hold(true)
  const held = await reoffered(at)
  line.hold(false)
  line.hold(true)
  line.hold(false)
  await accept(at, held.invite, sdp({ lines: 'a=recvonly\r\n' }))
  const back = await reoffered(at)
  assert.equal(back.direction, 'sendrecv')
  await accept(at, back.invite, sdp())
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendrecv')
  assert.equal(sound.wanted.at(-1)?.cover, undefined)
})

test('a phone that refuses is held by its sound alone, is not asked twice, and talks on afterwards', async (t) => {
  const at = await lines(t)
  const { line, sound, types } = await talking(at)
  line.hold(true)
  await reply(at.phone, (await reoffered(at)).invite, 488)
  await at.phone.request('ACK')
  assert.equal(sound.wanted.at(-1)?.mute, 'in')
  assert.equal(sound.wanted.at(-1)?.direction, 'sendrecv')
  line.hold(false)
  const back = await reoffered(at)
  await accept(at, back.invite, sdp())
  assert.equal(sound.wanted.at(-1)?.mute, undefined)
  assert.ok(!types().includes('ended'))
})

test("the phone's own hold and ours are two things: each is answered for itself and outlives the other", async (t) => {
  const at = await lines(t)
  const { line, sound, told, types } = await talking(at)
  line.hold(true)
  await accept(at, (await reoffered(at)).invite, sdp({ lines: 'a=recvonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendonly')
  await at.phone.send(inDialog(at, line, 'INVITE', 1, sdp({ lines: 'a=sendonly\r\n' })))
  const both = await at.phone.response(200)
  assert.match(both.sdp?.toString() ?? '', /a=inactive/)
  await told('held')
  await at.phone.send(inDialog(at, line, 'ACK', 1))
  await at.phone.send(inDialog(at, line, 'OPTIONS', 2))
  await at.phone.response(200) // so the ACK has come, too
  line.hold(false)
  const back = await reoffered(at)
  assert.equal(back.direction, 'sendrecv')
  await accept(at, back.invite, sdp({ lines: 'a=sendonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'recvonly')
  assert.ok(!types().includes('resumed'), 'the phone still holds')
  await at.phone.send(inDialog(at, line, 'INVITE', 3, sdp()))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=sendrecv/)
  await told('resumed')
})

test('a refresh of the phone while we hold it is answered with the hold', async (t) => {
  const at = await lines(t)
  const { line, sound, types } = await talking(at)
  line.hold(true)
  await accept(at, (await reoffered(at)).invite, sdp({ lines: 'a=recvonly\r\n' }))
  await until('it is agreed', () => sound.wanted.at(-1)?.direction === 'sendonly')
  await at.phone.send(inDialog(at, line, 'INVITE', 1, sdp()))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=sendonly/)
  assert.ok(!types().includes('held'))
})

test('a leg that ends while its hold waits leaves nothing behind', async (t) => {
  const at = await lines(t)
  const { line, told } = await talking(at)
  line.hold(true)
  await reply(at.phone, (await reoffered(at)).invite, 491)
  await at.phone.request('ACK')
  await at.phone.send(inDialog(at, line, 'BYE', 1))
  await told('ended')
  line.hold(false)
})

test('an announcement sounds over music, silence and a conversation, in this order, and each goes on after it', async (t) => {
  const at = await lines(t)
  const [a, b] = [await talking(at), await talking(at)]
  a.line.bridge(b.line)
  b.line.bridge(a.line)
  a.line.coverSilence(true)
  a.line.coverMusic(true)
  const music = a.sound.wanted.at(-1)?.cover
  assert.ok(music?.kind === 'prompt' && music.loop)
  a.line.announce('words', [{ silenceMs: 10 }])
  assert.deepEqual(a.sound.wanted.at(-1)?.cover, { kind: 'prompt', prompt_id: 'words', parts: [{ silenceMs: 10 }] })
  a.sound.on({ type: 'prompt_finished', prompt_id: 'words', outcome: 'played', unreadable: [] })
  assert.deepEqual(await a.told('played'), { type: 'played', id: 'words', outcome: 'finished' })
  assert.deepEqual(a.sound.wanted.at(-1)?.cover, music)
  a.line.coverMusic(false)
  assert.deepEqual(a.sound.wanted.at(-1)?.cover, { kind: 'silence' })
  a.line.coverSilence(false)
  assert.equal(a.sound.wanted.at(-1)?.cover, undefined)
  assert.deepEqual(a.sound.wanted.at(-1)?.sending, { kind: 'bridge', peer: b.line.id })
  assert.equal(b.sound.wanted.at(-1)?.cover, undefined, 'the other leg hears on')
})
