import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import {
  Baresip,
  type BaresipOptions,
  eventually,
  isInstalled,
  type Json,
  levelAt,
  Platform,
  pause,
  readWavFile,
  readZip,
} from '#testkit'
import { talkingPhones } from './talking-phones.ts'

const skip = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'
/** What the microphones of the caller and of the callee hum. */
const CALLER_HZ = 440
const CALLEE_HZ = 700

let platform: Platform

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '3', MEDIA_PLACEMENT: 'apart' })
})
after(() => platform?.stop())

interface Pair {
  caller: Baresip
  callee: Baresip
  /** The extension of the callee. */
  called: string
  dial(): Promise<void>
  stop(): Promise<void>
}

/** Two registered phones of new extensions: nothing that an earlier test left behind can ring beside them. */
async function phones(
  options: { caller?: BaresipOptions & { codecs?: string }; callee?: BaresipOptions & { codecs?: string } } = {},
): Promise<Pair> {
  const start = async (hz: number, { codecs, ...own }: BaresipOptions & { codecs?: string } = {}) => {
    const { extension: user, password } = await platform.extension()
    const phone = await Baresip.start(
      { user, password, server: platform.sip, ...(codecs ? { codecs } : {}) },
      { microphoneHz: hz, ...own },
    )
    await phone.registered()
    return { phone, user }
  }
  const [{ phone: caller }, { phone: callee, user: called }] = await Promise.all([
    start(CALLER_HZ, options.caller),
    start(CALLEE_HZ, options.callee),
  ])
  return {
    caller,
    callee,
    called,
    dial: async () => void (await caller.command('dial', `sip:${called}@${platform.sip}`)),
    stop: async () => void (await Promise.all([caller.stop(), callee.stop()])),
  }
}

/** The newest call of this direction. */
async function newest(direction: 'incoming' | 'outgoing'): Promise<Json> {
  const { body } = await platform.api('GET', '/calls')
  return body.result.find((call: Json) => call.direction === direction) ?? {}
}

/** Both legs of the newest conversation, once both are over. */
async function overLegs(): Promise<{ incoming: Json; outgoing: Json }> {
  return eventually('both legs are over', async () => {
    const [incoming, outgoing] = await Promise.all([newest('incoming'), newest('outgoing')])
    return incoming.status === 'hangup' && outgoing.status === 'hangup' ? { incoming, outgoing } : undefined
  })
}

/** The last second but the end's of what a phone heard. */
async function lastHeard(phone: Baresip): Promise<Int16Array> {
  const file = await eventually('the phone kept what it heard', () => phone.heard())
  return readWavFile(readFileSync(file)).samples.subarray(-10_000, -2_000)
}

/** This tone is in there, and that one is not. */
function assertOnly(samples: Int16Array, wanted: number, unwanted: number): void {
  const own = levelAt(samples, wanted)
  assert.ok(own > 1_000, `${wanted} Hz is there: ${own}`)
  assert.ok(own > 20 * levelAt(samples, unwanted), `${unwanted} Hz is not there: ${levelAt(samples, unwanted)}`)
}

for (const [what, caller, callee] of [
  ['both speak PCMU', {}, {}],
  ['one speaks PCMU and the other PCMA', { codecs: 'pcmu' }, { codecs: 'pcma' }],
  ['one packs 30 ms and the other 20 ms', { ptimeMs: 30 }, { ptimeMs: 20 }],
  ['one comes by TCP and the other by UDP', { transport: 'tcp' }, {}],
  ['one comes by UDP and the other by TCP', {}, { transport: 'tcp' }],
] as [string, BaresipOptions & { codecs?: string }, BaresipOptions & { codecs?: string }][])
  test(`two phones hear each other, and nobody else: ${what}`, { skip }, async () => {
    const pair = await phones({ caller, callee })
    try {
      await pair.dial()
      await Promise.all([pair.caller.event('CALL_ESTABLISHED'), pair.callee.event('CALL_ESTABLISHED')])
      await pause(3_000) // what is heard meanwhile is measured below
      await pair.caller.command('hangup')
      const { incoming, outgoing } = await overLegs()
      assertOnly(await lastHeard(pair.caller), CALLEE_HZ, CALLER_HZ)
      assertOnly(await lastHeard(pair.callee), CALLER_HZ, CALLEE_HZ)
      assert.equal(outgoing.master_call_id, incoming.id)
      assert.deepEqual(incoming.chained_call_ids, [outgoing.id])
      assert.equal(incoming.hangup_by, 'remote')
      assert.deepEqual([incoming.hangup_reason, outgoing.hangup_reason], ['normal', 'normal'])
      assert.equal(outgoing.destination.target_name, pair.called)
    } finally {
      await pair.stop()
    }
  })

test('a callee who hangs up first ends the conversation for both', { skip }, async () => {
  const pair = await phones()
  try {
    await pair.dial()
    await Promise.all([pair.caller.event('CALL_ESTABLISHED'), pair.callee.event('CALL_ESTABLISHED')])
    await pair.callee.command('hangup')
    await pair.caller.event('CALL_CLOSED')
    const { incoming, outgoing } = await overLegs()
    assert.equal(outgoing.hangup_by, 'remote')
    assert.equal(incoming.hangup_by, 'local')
    assert.deepEqual([incoming.hangup_reason, outgoing.hangup_reason], ['normal', 'normal'])
  } finally {
    await pair.stop()
  }
})

test('a caller who gives up while it rings cancels the other phone', { skip }, async () => {
  const pair = await phones({ callee: { answers: 'when told' } })
  try {
    await pair.dial()
    await Promise.all([pair.caller.event('CALL_RINGING'), pair.callee.event('CALL_INCOMING')])
    await pair.caller.command('hangup')
    await pair.callee.event('CALL_CLOSED')
    const { outgoing } = await overLegs()
    assert.equal(outgoing.hangup_by, 'local')
    assert.equal(outgoing.hangup_reason, 'cancel')
    assert.equal(outgoing.tm_progressing, undefined)
  } finally {
    await pair.stop()
  }
})

for (const [status, reason] of [
  [486, 'busy'],
  [480, 'noanswer'],
] as const)
  test(`a callee who answers ${status} is ${reason} for the caller too`, async () => {
    const pair = await talkingPhones(platform)
    try {
      pair.callee.whenCalled((call) => call.reject(status))
      const call = await pair.caller.call(pair.callee.user)
      assert.equal(call.status, status)
      const { incoming, outgoing } = await overLegs()
      assert.deepEqual([outgoing.hangup_by, outgoing.hangup_reason], ['remote', reason])
      assert.equal(incoming.hangup_by, 'local')
    } finally {
      pair.stop()
    }
  })

test('the recording of a conversation holds both tones, each file its own, equally long', { skip }, async () => {
  const pair = await phones({ caller: { codecs: 'pcmu' }, callee: { codecs: 'pcma' } })
  try {
    await pair.dial()
    await Promise.all([pair.caller.event('CALL_ESTABLISHED'), pair.callee.event('CALL_ESTABLISHED')])
    const { id } = await newest('incoming')
    const started = await platform.api('POST', `/calls/${id}/recording_start`, {})
    assert.equal(started.status, 200, JSON.stringify(started.body))
    await pause(3_000) // this is recorded
    await pair.caller.command('hangup')
    const recordingId = started.body.recording_id
    const recording = await eventually('the recording has ended', async () => {
      const { body } = await platform.api('GET', `/recordings/${recordingId}`)
      return body.status === 'ended' ? body : undefined
    })
    assert.equal(recording.reference_id, id)
    const [incoming, outgoing] = await recordedFiles(recordingId)
    assertOnly(incoming.subarray(4_000, -4_000), CALLER_HZ, CALLEE_HZ)
    assertOnly(outgoing.subarray(4_000, -4_000), CALLEE_HZ, CALLER_HZ)
    assert.ok(Math.abs(incoming.length - outgoing.length) <= 320, `${incoming.length} and ${outgoing.length} samples`)
    assert.ok(incoming.length > 8_000 * 2.5, `${incoming.length / 8} ms`)
  } finally {
    await pair.stop()
  }
})

/** Fetches the archive as a client does: a redirect to a signed address that needs no login. */
async function recordedFiles(id: string): Promise<[Int16Array, Int16Array]> {
  const redirect = await fetch(`${platform.http}/v1.0/recordingfiles/${id}`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${platform.credentials.customer.accesskey}` },
  })
  assert.equal(redirect.status, 307)
  const location = redirect.headers.get('location') ?? ''
  const archive = await fetch(new URL(location, platform.http))
  assert.equal(archive.status, 200)
  const files = readZip(Buffer.from(await archive.arrayBuffer()))
  const samples = (ending: string) => {
    const name = [...files.keys()].find((each) => each.endsWith(ending))
    assert.ok(name, `${ending} among ${[...files.keys()]}`)
    return readWavFile(files.get(name) as Buffer).samples
  }
  return [samples('_in.wav'), samples('_out.wav')]
}
