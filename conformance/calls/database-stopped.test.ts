import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  databaseProcesses,
  eventually,
  type FakeCall,
  FakePhone,
  familyOf,
  type Json,
  Platform,
  pause,
  proportionalBytes,
  signalAll,
} from '#testkit'
import { callableFlow, LOAD } from './sample.ts'

const CALLS = 20
/** How long the database stands still. */
const STOPPED_MS = 30_000
/** What ending a call may take, whatever the database does. */
const END_MS = 200
/** Memory that may be added while nothing can be written. */
const GROWTH_BYTES = 64 << 20

let platform: Platform
let phone: FakePhone
const calls: FakeCall[] = []

before(async () => {
  platform = await Platform.start(LOAD)
  const number = await callableFlow(platform, [{ type: 'answer' }, { type: 'echo', option: { duration: 300_000 } }])
  phone = await FakePhone.start({ server: platform.sip, user: 'caller' })
  for (let at = 0; at < CALLS; at++) {
    const call = await phone.call(number)
    await call.answered
    assert.equal(call.status, 200)
    calls.push(call)
  }
  await platform.api('GET', '/calls') // so that the caller's identity is known
})
after(async () => {
  phone?.close()
  await platform?.stop()
})

test('with PostgreSQL stopped for 30 s calls end at once, new ones are told to come back, and nothing is lost', async () => {
  const own = platform.child.pid
  const listed = await eventually('20 calls are up', async () => {
    const { body } = await platform.api('GET', '/calls?page_size=100')
    return (
      body.result.length === CALLS && body.result.every((call: Json) => call.status === 'progressing') && body.result
    )
  })
  const number = listed[0].destination.target
  const database = databaseProcesses(platform)
  const bytesBefore = proportionalBytes([own])
  signalAll(database, 'SIGSTOP')
  const stoppedMs = performance.now()
  try {
    await pause(1_500) // until the platform has noticed

    const bye = await took(() => calls[0]?.hangUp())
    assert.equal(bye.result?.status, 200)
    assert.ok(bye.ms < END_MS, `BYE was answered after ${bye.ms} ms`)

    const last = listed[0]
    const hangup = await took(() => platform.api('POST', `/calls/${last.id}/hangup`))
    assert.equal(hangup.result.status, 200)
    assert.equal(hangup.result.body.status, 'terminating')
    assert.ok(hangup.ms < END_MS, `the hangup by API was answered after ${hangup.ms} ms`)
    await eventually('the phone got the BYE', () => calls.some((call) => call.bye !== undefined), END_MS)

    const refused = await phone.call(number)
    await refused.answered
    assert.equal(refused.status, 503)
    assert.ok(refused.final?.headers.has('retry-after'))

    const reading = await platform.api('GET', '/calls')
    assert.equal(reading.status, 503)

    await pause(STOPPED_MS - (performance.now() - stoppedMs))
    assert.ok(proportionalBytes([own]) - bytesBefore < GROWTH_BYTES, 'memory stays bounded')
  } finally {
    signalAll(database, 'SIGCONT')
  }
  await eventually('the database answers again', async () => (await platform.api('GET', '/calls')).status === 200)
  const again = await eventually('a new call is let in', async () => {
    const call = await phone.call(number)
    await call.answered
    return call.status === 200 ? call : undefined
  })
  for (const call of [...calls.slice(1), again]) if (call.bye === undefined) await call.hangUp()

  const history = await eventually('every call has its end in the ledger', async () => {
    const { body } = await platform.api('GET', '/events?after=0&page_size=1000')
    const ends = body.result.filter((event: Json) => event.type === 'call_hangup')
    return ends.length === CALLS + 1 ? body.result : undefined
  })
  history.forEach((event: Json, at: number) => {
    assert.equal(event.sequence, at + 1, 'the sequence has no gap')
  })
  assert.equal(familyOf(own)[0], own)
})

async function took<T>(work: () => Promise<T> | undefined): Promise<{ result: T; ms: number }> {
  const beganMs = performance.now()
  const result = (await work()) as T
  return { result, ms: performance.now() - beganMs }
}
