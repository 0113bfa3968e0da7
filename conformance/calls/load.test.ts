import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, isInstalled, openFiles, Platform, proportionalBytes, Sipp } from '#testkit'
import { callableFlow, LOAD } from './sample.ts'

const skip = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'
const untilBye = fileURLToPath(new URL('../sip/uac-until-bye.xml', import.meta.url))
const CALLS = 1_000
const CALLS_PER_SECOND = 50
/** A finished transaction over UDP is kept for 64*T1 = 32 s (RFC 3261 §17.2); then everything must be as it was. */
const SETTLED_MS = 60_000
const GROWTH_BYTES = 32 << 20
/** Calls that make everything be loaded, opened and grown to its working size. */
const WARM_UP_CALLS = 500

let platform: Platform

before(async () => {
  if (!skip) platform = await Platform.start(LOAD)
})
after(() => platform?.stop())

/** What must not grow: files, sockets and timers of the process, and everything that the SIP stack and calls keep. */
async function kept(): Promise<Record<string, number>> {
  const figures: Record<string, number> = { open_files: openFiles(platform.child.pid) }
  const text = await (await fetch(`${platform.http}/metrics`)).text()
  const wanted =
    /^strowger_(calls_live|activeflows_running|lane_writes_waiting|call_role_resources\{.*\}|sip_kept\{.*\}) (\d+)$/gm
  for (const [, name = '', value] of text.matchAll(wanted)) figures[name] = Number(value)
  assert.ok(Object.keys(figures).length > 6, text)
  return figures
}

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
    const idle = async () => Object.entries(await kept())
    const settled = (what: string, within: (name: string, value: number) => boolean) =>
      eventually(what, async () => (await idle()).every(([name, value]) => within(name, value)), SETTLED_MS)
    await settled('the warm-up is forgotten', (name, value) => !name.startsWith('sip_kept') || value === 0)
    const baseline = await kept()
    const used = () => proportionalBytes([platform.child.pid])
    const bytesBefore = used()

    await callMany(number, scenario, CALLS)

    await settled('everything is as it was', (name, value) => value <= (baseline[name] ?? 0) + slack(name)).catch(
      async (error) => {
        throw new Error(`${error.message}\nbefore ${JSON.stringify(baseline)}\nafter ${JSON.stringify(await kept())}`)
      },
    )
    await eventually('the memory is as it was', () => used() - bytesBefore < GROWTH_BYTES, SETTLED_MS).catch(
      (error) => {
        throw new Error(`${error.message}: ${bytesBefore} bytes before, ${used()} after`)
      },
    )
  })

/** Connections to the database and keep-alives of the test itself come and go. */
function slack(name: string): number {
  return name === 'open_files' || name.includes('resources') ? 6 : 0
}
