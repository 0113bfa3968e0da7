import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, freePort, isInstalled, Kamailio, Platform, Sipp } from '#testkit'

const missing = ['sipp', 'kamailio'].filter((program) => !isInstalled(program))
const skip = missing.length === 0 ? false : `${missing} not installed (scripts/install-test-peers.sh)`

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start()
})
after(() => platform?.stop())

for (const [first, second, last] of [
  ['udp', 'udp', 'udp'],
  ['udp', 'tcp', 'udp'],
  ['udp', 'tcp', 'tcp'],
  ['tcp', 'udp', 'tcp'],
] as const)
  test(`a call of ours through two proxies that record their routes, by ${first}, ${second} and ${last}, is answered, acknowledged and ended`, {
    skip,
  }, async () => {
    const port = await freePort('sip')
    const over = last === 'tcp' ? { transport: 'one connection' as const } : {}
    const callee = await Sipp.start({ scenario: 'uas', port, calls: 1, ...over, timeoutSeconds: 20 })
    const far = await Kamailio.start({ next: `127.0.0.1:${port}`, transport: last })
    const near = await Kamailio.start({ next: far.address, transport: second })
    try {
      const transport = first === 'tcp' ? ';transport=tcp' : ''
      const { status, body } = await platform.api('POST', '/calls', {
        source: { type: 'sip', target: 'alice@example.com' },
        destinations: [{ type: 'sip', target: `bob@127.0.0.1:${near.port}${transport}` }],
        actions: [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }],
      })
      assert.equal(status, 200, JSON.stringify(body))
      const { id } = body.calls[0]
      const state = async () => (await platform.api('GET', `/calls/${id}`)).body.status
      await eventually('the call is answered', async () => (await state()) === 'progressing')
      assert.equal((await platform.api('POST', `/calls/${id}/hangup`)).status, 200)
      await eventually('the call is over', async () => (await state()) === 'hangup')
      // SIPp's scenario has had its INVITE, ACK and BYE
      const { exitCode, successful, unexpected } = await callee.finish()
      assert.deepEqual({ exitCode, successful }, { exitCode: 0, successful: 1 }, unexpected)
    } finally {
      await Promise.all([callee.stop(), near.stop(), far.stop()])
    }
  })
