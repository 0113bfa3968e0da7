/** Calls over TCP by foreign SIP stacks: SIPp on one connection and on many, a phone that lives on its connection. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Baresip, eventually, isInstalled, Platform, Sipp } from '#testkit'
import { callableFlow, LOAD } from './sample.ts'

const withSipp = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'
const withPhone = isInstalled('baresip') ? false : 'baresip is not installed (scripts/install-test-peers.sh)'
const CALLS = 100

let platform: Platform

before(async () => {
  platform = await Platform.start(LOAD)
})
after(() => platform?.stop())

async function connections(): Promise<number> {
  const text = await (await fetch(`${platform.http}/metrics`)).text()
  const [, count] = /^strowger_sip_kept\{what="connections"\} (\d+)$/m.exec(text) ?? []
  assert.ok(count, text)
  return Number(count)
}

for (const transport of ['one connection', 'a connection each'] as const)
  test(`a hundred calls over ${transport}: none fails, no connection is left`, { skip: withSipp }, async () => {
    const service = await callableFlow(platform, [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }])
    const sipp = await Sipp.start({
      ...{ target: platform.sip, service, scenario: 'uac', calls: CALLS, callsPerSecond: 25 },
      ...{ durationMs: 200, timeoutSeconds: 60, transport },
    })
    const { exitCode, successful, failed, retransmissions, output } = await sipp.finish()
    assert.deepEqual(
      { exitCode, successful, failed, retransmissions },
      { exitCode: 0, successful: CALLS, failed: 0, retransmissions: 0 },
      output.slice(-2_000),
    )
    await eventually('every connection is over', async () => (await connections()) === 0 || undefined, 5_000)
  })

test('a phone registers over TCP, calls, and both hang up, all over its one connection', {
  skip: withPhone,
}, async () => {
  const number = await callableFlow(platform, [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }])
  const account = platform.credentials.extensions[0]
  assert.ok(account)
  const { extension: user, password } = account
  const phone = await Baresip.start({ user, password, server: platform.sip, transport: 'tcp' })
  try {
    await phone.registered()
    assert.equal(await connections(), 1)
    await phone.command('dial', `sip:${number}@${platform.sip};transport=tcp`)
    await phone.event('CALL_ESTABLISHED')
    const { body } = await platform.api('GET', '/calls')
    assert.equal(body.result[0].status, 'progressing')
    const hungUp = await platform.api('POST', `/calls/${body.result[0].id}/hangup`)
    assert.equal(hungUp.status, 200)
    await phone.event('CALL_CLOSED')
    assert.equal(await connections(), 1)
  } finally {
    await phone.stop()
  }
  await eventually('the connection is over', async () => (await connections()) === 0 || undefined, 5_000)
})
