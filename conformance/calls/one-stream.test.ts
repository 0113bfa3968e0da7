import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type CapturedPacket, levelAt, Platform, pause, rms } from '#testkit'
import { converse, hears, speakThenConnect, talkingPhones } from './talking-phones.ts'

const CALLEE_HZ = 700
/** Three frames of 20 ms. */
const MOST_DRIFT_MS = 60
const LONGEST_SILENCE_MS = 60
/** Of a machine that is busy with other things: arrival is measured here, not departure. */
const SCHEDULING_MS = 30

let platform: Platform

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '3' })
})
after(() => platform?.stop())

test('a caller gets one stream from speech through ringing, conversation and hold to the end', async () => {
  const phones = await talkingPhones(platform)
  try {
    const number = await speakThenConnect(platform, phones.callee.user)
    const { a, b } = await converse(phones, number, () => pause(3_000)) // it rings for three seconds
    const hushA = a.sound.hum(440)
    const hushB = b.sound.hum(CALLEE_HZ)
    await hears('the caller hears the callee', a, (samples) => levelAt(samples, CALLEE_HZ) > 3_000, 5_000)
    await hears('the callee hears the caller', b, (samples) => levelAt(samples, 440) > 3_000, 5_000)
    await pause(2_000) // they talk

    assert.equal((await b.request('INVITE', b.sound.offer({ payloads: '0 101', direction: 'sendonly' }))).status, 200)
    await hears(
      'the caller hears music',
      a,
      (samples) => rms(samples) > 200 && levelAt(samples, CALLEE_HZ) < 500,
      5_000,
    )
    await pause(1_000) // music plays for a while
    assert.equal((await b.request('INVITE', b.sound.offer({ payloads: '0 101' }))).status, 200)
    await hears('the caller hears the callee again', a, (samples) => levelAt(samples, CALLEE_HZ) > 3_000, 5_000)
    await b.hangUp()
    await Promise.all([hushA(), hushB()])
    assertOneStream(a.sound.captured.filter(({ payloadType }) => payloadType === 0))
    assertOneStream(beforeHold(b.sound.captured))
  } finally {
    phones.stop()
  }
})

/** A phone that put us on hold is sent nothing: its stream is looked at up to there. */
function beforeHold(packets: readonly CapturedPacket[]): CapturedPacket[] {
  const voice = packets.filter(({ payloadType }) => payloadType === 0)
  const gap = voice.findIndex((packet, n) => n > 0 && packet.atMs - (voice[n - 1]?.atMs ?? 0) > 500)
  return gap < 0 ? voice : voice.slice(0, gap)
}

function assertOneStream(packets: readonly CapturedPacket[]): void {
  const first = packets[0]
  assert.ok(first && packets.length > 50, `${packets.length} packets`)
  assert.deepEqual([...new Set(packets.map(({ ssrc }) => ssrc))].length, 1, 'one SSRC')
  const worst = { driftMs: 0, silenceMs: 0 }
  for (const [n, packet] of packets.entries()) {
    const before = packets[n - 1]
    if (!before) continue
    assert.equal(packet.sequence, (before.sequence + 1) & 0xffff, `no gap in the sequence at packet ${n}`)
    worst.silenceMs = Math.max(worst.silenceMs, packet.atMs - before.atMs)
    const mediaMs = ((packet.timestamp - first.timestamp) >>> 0) / 8
    worst.driftMs = Math.max(worst.driftMs, Math.abs(packet.atMs - first.atMs - mediaMs))
  }
  assert.ok(worst.driftMs <= MOST_DRIFT_MS + SCHEDULING_MS, `timestamps follow time: ${worst.driftMs} ms apart`)
  assert.ok(worst.silenceMs <= LONGEST_SILENCE_MS + SCHEDULING_MS, `nothing on the wire for ${worst.silenceMs} ms`)
}
