import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, isInstalled, Platform, proportionalBytes, Sipp } from '#testkit'
import { forgotten, kept, SETTLED_MS, settled } from './kept.ts'
import { callableFlow, LOAD } from './sample.ts'

const skip = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'
const untilBye = fileURLToPath(new URL('../sip/uac-until-bye.xml', import.meta.url))
const CALLS = 1_000
const CALLS_PER_SECOND = 50
const GROWTH_BYTES = 32 << 20
/** Calls that make everything be loaded, opened and grown to its working size. */
const WARM_UP_CALLS = 500

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start(LOAD)
})
after(() => platform?.stop())

async function callMany(service: string, scenario: string, calls: number): Promise<void> {
  const sipp = await Sipp.start({
    ...{ target: platform.sip, service, scenario, calls, callsPerSecond: CALLS_PER_SECOND },
    ...{ durationMs: 200, timeoutSeconds: 90 },
  })
  const { exitCode, successful, failed, output, unexpected } = await sipp.finish()
  assert.deepEqual(
    { exitCode, successful, failed },
    { exitCode: 0, successful: calls, failed: 0 },
    unexpected === '' ? output.slice(-2_000) : unexpected,
  )
}

for (const [who, scenario, actions] of [
  ['the caller ends', 'uac', [{ type: 'answer' }, { type: 'sleep', option: { duration: 60_000 } }]],
  ['the flow ends', untilBye, [{ type: 'answer' }, { type: 'hangup' }]],
] as const)
  test(`1,000 calls at 50 a second that ${who}: none fails and nothing of them is left`, { skip }, async () => {
    const number = await callableFlow(platform, [...actions])
    await callMany(number, scenario, WARM_UP_CALLS)
    await forgotten(platform)
    const baseline = await kept(platform)
    const used = () => proportionalBytes([platform.child.pid])
    const bytesBefore = used()

    await callMany(number, scenario, CALLS)

    await settled(platform, baseline)
    await eventually('the memory is as it was', () => used() - bytesBefore < GROWTH_BYTES, SETTLED_MS).catch(
      (error) => {
        throw new Error(`${error.message}: ${bytesBefore} bytes before, ${used()} after`)
      },
    )
  })
