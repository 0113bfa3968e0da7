import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  databaseProcesses,
  eventually,
  familyOf,
  isInstalled,
  type Json,
  Platform,
  Sipp,
  signalAll,
  WebhookReceiver,
} from '#testkit'
import { LOAD, putFlowOnNumber, sendWebhooksTo } from './sample.ts'

const skip = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'
const untilBye = fileURLToPath(new URL('../sip/uac-until-bye.xml', import.meta.url))
const CALLS = 50

let platform: Platform
let receiver: WebhookReceiver

before(async () => {
  if (skip) return
  receiver = await WebhookReceiver.start()
  platform = await Platform.start(LOAD)
})
after(async () => {
  await platform?.stop()
  await receiver?.stop()
})

test('after kill -9 of everything during 50 calls no call is left up, and nothing acknowledged is lost', {
  skip,
}, async () => {
  const secret = await sendWebhooksTo(platform, receiver)
  const flow = await platform.api('POST', '/flows', {
    name: 'kept',
    detail: 'acknowledged before the crash',
    actions: [{ type: 'answer' }, { type: 'sleep', option: { duration: 300_000 } }],
  })
  assert.equal(flow.status, 200)
  const number = await putFlowOnNumber(platform, flow.body.id)
  const sipp = await Sipp.start({
    target: platform.sip,
    service: number,
    scenario: untilBye,
    calls: CALLS,
    callsPerSecond: 50,
    timeoutSeconds: 60,
  })
  const callsIn = async (status: string): Promise<Json[] | undefined> => {
    const { body } = await platform.api('GET', '/calls?page_size=100')
    const found = body.result.filter((call: Json) => call.status === status)
    return found.length === CALLS ? found : undefined
  }
  const up = await eventually('50 calls are up', () => callsIn('progressing'))

  signalAll([...familyOf(platform.child.pid), ...databaseProcesses(platform)], 'SIGKILL')
  await platform.child.ended
  await platform.run()

  await eventually('every phone has got its BYE', () => sipp.child.process.exitCode !== null, 5_000)
  const { exitCode, successful } = await sipp.finish()
  assert.equal(successful, CALLS, `SIPp ended with ${exitCode}`)
  const over = await eventually('every call is over', () => callsIn('hangup'))
  for (const call of over) {
    assert.equal(call.hangup_reason, 'failed')
    assert.ok(call.tm_hangup >= call.tm_progressing, 'the end is not before the answer')
  }
  assert.equal((await platform.api('GET', `/flows/${flow.body.id}`)).status, 200, 'the acknowledged flow is there')

  const history = await eventually('every end is in the ledger', async () => {
    const { body } = await platform.api('GET', '/events?after=0&page_size=1000')
    const ends = body.result.filter((event: Json) => event.type === 'call_hangup')
    return ends.length === CALLS ? body.result : undefined
  })
  history.forEach((event: Json, at: number) => {
    assert.equal(event.sequence, at + 1, 'the sequence has no gap')
  })
  for (const { id } of up) {
    const life = history.filter((event: Json) => event.resource_id === id).map((event: Json) => event.type)
    assert.equal(life[0], 'call_created')
    assert.equal(life.at(-1), 'call_hangup')
    assert.ok(life.includes('call_progressing'), life.join(' '))
  }

  const charged = await eventually('every call is charged', async () => {
    const { body } = await platform.api('GET', '/billings?page_size=100')
    const usages = body.result.filter((billing: Json) => billing.reference_type !== 'monthly_allowance')
    return usages.length >= CALLS ? usages : undefined
  })
  const ids = (all: Json[], name: string) => all.map((each) => each[name]).sort()
  assert.deepEqual(ids(charged, 'reference_id'), ids(up, 'id'), 'each once, for what it lived')

  const last = history.at(-1).sequence
  await eventually('every webhook arrives', () => {
    const arrived = new Set(receiver.delivered().map(({ sequence }) => sequence))
    const first = Math.min(...arrived)
    return arrived.size === last - first + 1
  })
  receiver.checkSignatures(secret)
  receiver.checkOrder({ first: Math.min(...receiver.delivered().map(({ sequence }) => sequence)) })
})
