/** Calls through two real proxies that stay in the way, with every change between UDP and TCP on the way to us. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, isInstalled, Kamailio, Platform, Sipp } from '#testkit'
import { callableFlow, LOAD } from './sample.ts'

const missing = ['sipp', 'kamailio'].find((program) => !isInstalled(program))
const skip = missing === undefined ? false : `${missing} is not installed`
const untilBye = fileURLToPath(new URL('../sip/uac-until-bye.xml', import.meta.url))
const CALLS = 10

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start(LOAD)
})
after(() => platform?.stop())

for (const [between, last] of [
  ['udp', 'tcp'],
  ['tcp', 'udp'],
  ['tcp', 'tcp'],
  ['udp', 'udp'],
] as const)
  test(`a caller over UDP, two proxies, ${between} between them and ${last} to us: our BYE finds the way back`, {
    skip,
  }, async () => {
    const service = await callableFlow(platform, [{ type: 'answer' }, { type: 'hangup' }])
    const near = await Kamailio.start({ next: platform.sip, transport: last })
    const far = await Kamailio.start({ next: near.address, transport: between })
    try {
      const sipp = await Sipp.start({
        ...{ target: far.address, service, scenario: untilBye, calls: CALLS, callsPerSecond: 20, timeoutSeconds: 20 },
      })
      const { exitCode, successful, failed, output } = await sipp.finish()
      const result = { exitCode, successful, failed }
      const said = `${output.slice(-2_000)}${near.output()}${far.output()}`
      assert.deepEqual(result, { exitCode: 0, successful: CALLS, failed: 0 }, said)
    } finally {
      await far.stop()
      await near.stop()
    }
    await eventually('every call is over', async () => {
      const { body } = await platform.api('GET', '/calls')
      return body.result.every((call: { status: string }) => call.status === 'hangup') || undefined
    })
  })
