import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, type FakeCallee, FakePhone, type Json, Platform } from '#testkit'

const hasTshark = spawnSync('tshark', ['--version']).status === 0
const skip = hasTshark ? false : 'tshark is not installed (apt-get install tshark)'

let platform: Platform
let caller: FakePhone
let callee: FakePhone
let called: string
let callerName: string

before(async () => {
  platform = await Platform.start()
  const [one, two] = [await platform.extension(), await platform.extension()]
  callerName = one.extension
  called = two.extension
  caller = await FakePhone.start({ server: platform.sip, user: one.extension, password: one.password })
  callee = await FakePhone.start({ server: platform.sip, user: two.extension, password: two.password })
  for (const phone of [caller, callee]) assert.equal((await phone.register()).status, 200)
})
after(async () => {
  caller?.close()
  callee?.close()
  await platform?.stop()
})

async function explain(id: string): Promise<Json> {
  const { status, body } = await platform.api('GET', `/calls/${id}/explain`)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

/** Both legs of the newest call of the caller's, once they are over, explained. */
async function newest(): Promise<{ incoming: Json; outgoing: Json }> {
  return eventually('both legs are over', async () => {
    const { body } = await platform.api('GET', '/calls')
    const over = (direction: string) =>
      body.result.find((call: Json) => call.direction === direction && call.status === 'hangup')
    const [incoming, outgoing] = [body.result.find((call: Json) => call.direction === 'incoming'), over('outgoing')]
    if (incoming?.status !== 'hangup' || outgoing?.master_call_id !== incoming.id) return undefined
    return { incoming: await explain(incoming.id), outgoing: await explain(outgoing.id) }
  })
}

/** The caller calls the other phone, which does this. */
const dial = (act: (call: FakeCallee) => void, options: Parameters<FakePhone['call']>[1] = {}) => {
  callee.whenCalled(act)
  return caller.call(called, options)
}
const verdict = ({ verdict: { reason, blame } }: Json) => [reason, blame]
const sip = (explained: Json): string[] =>
  explained.entries
    .filter(({ type }: Json) => type === 'sip')
    .map(({ sip }: Json) => `${sip.direction} ${sip.status === 0 ? sip.method : sip.status}`)

test('an answered call: who hung up, each message of both legs, the sound of both, each step, and no blame', async () => {
  const up = await dial((call) => {
    call.ring()
    call.answer()
  })
  assert.equal(up.status, 200)
  const quiet = up.sound.hum(440)
  await eventually('sound comes', async () => {
    const { body } = await platform.api('GET', '/calls')
    const { entries } = await explain(body.result.find(({ direction }: Json) => direction === 'incoming').id)
    return entries.some(({ media }: Json) => media?.fact === 'first_packet_received')
  })
  await quiet()
  await up.hangUp()
  const { incoming, outgoing } = await newest()
  assert.deepEqual(verdict(incoming), ['hung_up_by_caller', 'none'])
  assert.deepEqual(verdict(outgoing), ['ended_with_other_leg', 'none'])
  assert.deepEqual(incoming.legs, [outgoing.call_id])
  const [group] = incoming.groupcalls
  assert.deepEqual([group.call_ids, group.answer_call_id], [[outgoing.call_id], outgoing.call_id])
  assert.equal(outgoing.groupcalls[0].groupcall_id, group.groupcall_id)
  assert.deepEqual(sip(incoming).slice(-3), ['in ACK', 'in BYE', 'out 200'])
  assert.deepEqual(sip(outgoing).slice(0, 3), ['out INVITE', 'in 180', 'in 200'])
  const rule = incoming.entries.find(({ type }: Json) => type === 'rule').rule
  assert.deepEqual([rule.matched, rule.authenticated, rule.dialled], ['extension', callerName, called])
  assert.ok(incoming.entries.some(({ flow }: Json) => flow?.action_type === 'connect'))
  assert.ok(incoming.entries.some(({ media }: Json) => media?.statistics?.received_packets > 0))
  assert.equal(outgoing.entries[0].created.master_call_id, incoming.call_id)
})

for (const [what, act, reason, blame, status] of [
  ['is busy', (call) => call.reject(486, 'Busy Here'), 'callee_busy', 'callee', 486],
  ['declines', (call) => call.reject(603, 'Decline'), 'callee_declined', 'callee', 603],
  ['does not answer', (call) => call.reject(480, 'No Answer'), 'callee_no_answer', 'callee', 480],
  [
    'has no codec in common',
    (call) => call.reject(488, 'Not Acceptable Here'),
    'no_common_codec',
    'configuration',
    488,
  ],
  ['fails', (call) => call.reject(500, 'Broken'), 'callee_failed', 'callee', 500],
] as [string, (call: FakeCallee) => void, string, string, number][])
  test(`a callee who ${what}: the verdict of both legs says so, and the caller's names the leg`, async () => {
    const call = await dial(act)
    assert.ok(call.status >= 400)
    const { incoming, outgoing } = await newest()
    assert.deepEqual(verdict(outgoing), [reason, blame])
    assert.deepEqual(verdict(incoming), [reason, blame])
    assert.equal(incoming.verdict.because_of_call_id, outgoing.call_id)
    const end = outgoing.entries.find(({ state }: Json) => state?.status === 'hangup')
    assert.equal(end.state.sip_status, status)
  })

test('a caller who gives up while it rings', async () => {
  const before = callee.callees.length
  const call = await dial((callee) => callee.ring(), {
    whileRinging: (mine) => void callee.called(before).then(() => mine.cancel()),
  })
  assert.equal(call.status, 487)
  const { incoming, outgoing } = await newest()
  assert.deepEqual(verdict(incoming), ['canceled_by_caller', 'caller'])
  assert.deepEqual(verdict(outgoing), ['canceled_before_answer', 'caller'])
  assert.ok(sip(outgoing).includes('out CANCEL'))
})

test('an extension without a phone', async () => {
  const { extension } = await platform.extension()
  const call = await caller.call(extension)
  assert.equal(call.status, 480)
  const { body } = await platform.api('GET', '/calls')
  const explained = await eventually('it is over', async () => {
    const account = await explain(body.result[0].id)
    return account.status === 'hangup' ? account : undefined
  })
  assert.deepEqual(verdict(explained), ['callee_not_registered', 'callee'])
})

test('a wrong password makes no call: it is among the refused ones', async () => {
  const { extension } = await platform.extension()
  const phone = await FakePhone.start({ server: platform.sip, user: extension, password: 'wrong' })
  assert.equal((await phone.call(called)).status, 401)
  phone.close()
  const refused = await eventually('it is listed', async () => {
    const { body } = await platform.api('GET', '/refused_calls')
    return body.result[0] as Json
  })
  assert.deepEqual([refused.reason, refused.blame], ['credentials_refused', 'configuration'])
})

test('a capture is read by tshark: SIP dialog, RTP, no malformed packet, no wrong checksum', { skip }, async () => {
  assert.equal((await platform.api('PUT', '/customer/metadata', { rtp_debug: true })).status, 200)
  const up = await dial((call) => call.answer())
  const quiet = up.sound.hum(440)
  await eventually('sound is heard', () => up.sound.loudness().length > 10)
  await quiet()
  await up.hangUp()
  const { incoming } = await newest()
  const file = join(platform.dataDir, 'call.pcap')
  const fields = await eventually('the sound is in the capture', async () => {
    const response = await fetch(`${platform.http}/v1.0/timelines/calls/${incoming.call_id}/pcap`, {
      headers: { authorization: `Bearer ${platform.credentials.customer.accesskey}` },
    })
    writeFileSync(file, Buffer.from(await response.arrayBuffer()))
    const rows = tshark(file, [
      'frame.protocols',
      '_ws.malformed',
      'udp.checksum.status',
      'sip.Method',
      'sip.Status-Code',
    ])
    return rows.some(([protocols = '']) => /:rtp\b/.test(protocols)) ? rows : undefined
  })
  assert.deepEqual(
    fields.filter(([, malformed]) => malformed !== ''),
    [],
  )
  assert.deepEqual(
    fields.filter(([, , checksum]) => checksum !== '1'),
    [],
  )
  const shown = fields.map(([, , , method, status]) => method || status).filter(Boolean)
  assert.deepEqual(shown.slice(-3), ['ACK', 'BYE', '200'])
})

test('an account outlives the program; a call that was cut off by kill -9 says that the platform was the reason', async () => {
  const up = await dial((call) => call.answer())
  assert.equal(up.status, 200)
  const { body } = await platform.api('GET', '/calls')
  const cut = body.result.find(({ direction }: Json) => direction === 'incoming').id
  const busy = body.result.find(({ hangup_reason }: Json) => hangup_reason === 'busy').id
  const before = await explain(busy)
  await eventually('what is over is on disk: two legs are noted', async () => {
    const metrics = await (await fetch(`${platform.http}/metrics`)).text()
    return metrics.includes('strowger_call_records{what="live"} 2\n')
  })
  platform.child.process.kill('SIGKILL')
  await platform.child.ended
  await platform.run()
  const after = await explain(busy)
  assert.deepEqual(after.verdict, before.verdict)
  assert.deepEqual(sip(after), sip(before))
  const lost = await eventually('it is closed', async () => {
    const account = await explain(cut)
    return account.status === 'hangup' ? account : undefined
  })
  assert.deepEqual(verdict(lost), ['platform_restarted', 'platform'])
  assert.equal(lost.record.state, 'none')
})

/** These fields of each packet; RTP is recognised by the SDP. */
function tshark(file: string, fields: readonly string[]): string[][] {
  const options = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-T', 'fields', '-E', 'separator=|']
  const text = execFileSync('tshark', ['-r', file, ...options, ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|'))
}
