import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, FakePhone, isInstalled, type Json, Platform, pause, Sipp } from '#testkit'
import { forgotten, kept, settled } from './kept.ts'
import { LOAD } from './sample.ts'

const skip = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'
const extensionCalls = fileURLToPath(new URL('../sip/uac-extension.xml', import.meta.url))
const CALLS = 1_000
const WARM_UP_CALLS = 100
const CALLS_PER_SECOND = 20
const TALK_MS = 2_000
/** One conversation in so many is recorded. */
const RECORDED_EVERY = 10

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start({ ...LOAD, MEDIA_WORKERS: '2' })
})
after(() => platform?.stop())

/** Registers a phone of the extension 1001 and leaves its port to SIPp, which answers there. */
async function callee(calls: number): Promise<Sipp> {
  const account = platform.credentials.extensions[1]
  assert.ok(account)
  const phone = await FakePhone.start({ server: platform.sip, user: '1001', password: account.password })
  assert.equal((await phone.register({ contact: '*', expires: 0 })).status, 200) // nobody else rings
  assert.equal((await phone.register({ expires: 3_600 })).status, 200)
  const { port } = phone
  phone.close()
  return Sipp.start({ scenario: 'uas', port, calls, timeoutSeconds: 150 })
}

async function converse(calls: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  const called = await callee(calls)
  const account = platform.credentials.extensions[0]
  assert.ok(account)
  const calling = await Sipp.start({
    ...{ target: platform.sip, service: '1001', scenario: extensionCalls, calls, callsPerSecond: CALLS_PER_SECOND },
    ...{ durationMs: TALK_MS, timeoutSeconds: 140 },
    credentials: { user: account.extension, password: account.password },
  })
  const [caller] = await Promise.all([calling.finish(), meanwhile()])
  const callees = await called.finish()
  for (const { exitCode, successful, failed, unexpected } of [caller, callees])
    assert.deepEqual({ exitCode, successful, failed }, { exitCode: 0, successful: calls, failed: 0 }, unexpected)
}

/** Starts a recording on every tenth conversation that it sees come up. */
async function recordSome(seen: Set<string>, recordings: string[], conversations: number): Promise<void> {
  while (seen.size < conversations) {
    const { body } = await platform.api('GET', '/calls?page_size=100')
    for (const call of body.result as Json[]) {
      if (call.direction !== 'incoming' || call.status !== 'progressing' || seen.has(call.id)) continue
      seen.add(call.id)
      if (seen.size % RECORDED_EVERY !== 0) continue
      const started = await platform.api('POST', `/calls/${call.id}/recording_start`, {})
      if (started.status === 200) recordings.push(started.body.recording_id)
      else assert.match(started.body.error.reason, /^CALL_/, 'only a call that ended meanwhile is not recorded')
    }
    await pause(200) // looked at five times a second
  }
}

test('1,000 conversations of two extensions at 20 a second, a tenth recorded: none fails, each leg has one row and one end, and nothing of them is left', {
  skip,
}, async () => {
  await converse(WARM_UP_CALLS)
  await forgotten(platform)
  const baseline = await kept(platform)
  const before = await publicEvents(0)
  const seen = new Set<string>()
  const recordings: string[] = []

  await converse(CALLS, () => recordSome(seen, recordings, CALLS * 0.9))

  assert.ok(recordings.length >= CALLS / RECORDED_EVERY / 2, `${recordings.length} conversations were recorded`)
  const events = await eventually('every leg has ended', async () => {
    const found = await publicEvents(before.next)
    const ends = found.events.filter(({ type }) => type === 'call_hangup')
    return ends.length >= 2 * CALLS ? found.events : undefined
  })
  const count = (type: string) => events.filter((event) => event.type === type)
  for (const type of ['call_created', 'call_progressing', 'call_hangup'])
    assert.equal(count(type).length, 2 * CALLS, type)
  assert.equal(new Set(count('call_hangup').map(({ data }) => data.id)).size, 2 * CALLS)
  for (const { data } of count('call_hangup')) assert.equal(data.hangup_reason, 'normal')
  assert.equal(count('recording_finished').length, recordings.length)
  await settled(platform, baseline)
})

async function publicEvents(after: number): Promise<{ events: Json[]; next: number }> {
  const events: Json[] = []
  for (let next = after; ; ) {
    const { body } = await platform.api('GET', `/events?after=${next}&page_size=1000`)
    events.push(...body.result)
    if (body.result.length === 0) return { events, next }
    next = body.next_after
  }
}
