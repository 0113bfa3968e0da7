import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CarrierNames } from '#managers/provisioning'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { Names } from '#telecom/sip'
import { eventually, TestCalls } from '#testkit'

const HOST = 'sip.carrier.example'
const MINE = '+493012345678'
const TTL_HOUR_MS = 3_600_000

/** What the name servers of the tests say: an address, that there is nothing, that they are away, or nothing at all. */
let said: 'address' | 'nothing' | 'away' | 'silence' = 'away'
const asked: string[] = []
const notThere = () => Promise.reject(Object.assign(new Error('nothing'), { code: 'ENOTFOUND' }))
const names: Names = {
  services: notThere,
  pointers: notThere,
  addresses: (name) => {
    asked.push(name)
    if (said === 'address') return Promise.resolve(['127.0.0.1'])
    if (said === 'nothing') return notThere()
    if (said === 'silence') return new Promise(() => {})
    return Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }))
  },
}

const calls = await TestCalls.start({ names })
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
  if (input.type === 'answered') live.hangup('normal')
}
await calls.db.query(
  `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
     emergency_enabled, metadata, tm_create)
   values ($1, $2, $3, 'normal', $4, $5, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
  [systemIds.uuid(), calls.customer, MINE, systemIds.uuid(), NIL_UUID],
)
await calls.providers.create({
  ...{ type: 'sip', hostname: HOST, name: 'carrier', detail: '', country: 'DE' },
  ...{ tech_prefix: '', tech_postfix: '', tech_headers: {} },
})
await calls.carriers.refresh()

const carrier = await calls.phone('+4917012345678')
const dial = (domain: string, user = MINE) => carrier.call(user, { uri: `sip:${user}@${domain}` })
const PSTN = `pstn.${calls.base}`

/** A life whose carriers have just been read, and what keeps their names; its clock is turned by hand. */
async function beginning(): Promise<{ clock: ManualClock; lookUps: CarrierNames }> {
  const [known] = calls.carriers.all()
  assert.ok(known)
  calls.carriers.resolved(known, undefined)
  const clock = new ManualClock()
  return { clock, lookUps: new CarrierNames({ clock, log: silentLog, sip: calls.sip, carriers: calls.carriers }) }
}

test('a start waits until the names of carriers are known: the first call of one is let in', async () => {
  said = 'address'
  const { lookUps } = await beginning()
  await lookUps.start()
  lookUps.stop()
  assert.equal((await dial(PSTN)).status, 200)
  assert.equal((await dial(calls.server)).status, 200)
})

test('a carrier whose name nobody could look up yet is told to come again, and phones are not', async () => {
  said = 'away'
  const { lookUps } = await beginning()
  await lookUps.start()
  for (const domain of [PSTN, calls.server]) {
    const { status, final } = await dial(domain)
    assert.equal(status, 503, domain)
    assert.equal(final?.headers.get('retry-after'), '5')
  }
  await calls.phone('1000', 'secret-1000')
  const withoutPassword = await calls.phone('1000')
  assert.equal((await withoutPassword.call(MINE)).status, 401)
  assert.equal((await dial(calls.server, '+4930999999')).status, 401, 'no number of ours')
  said = 'address'
  await lookUps.look()
  lookUps.stop()
})

test('a name that does not exist is nobody: an address that nobody has is refused', async () => {
  said = 'nothing'
  const { lookUps } = await beginning()
  await lookUps.start()
  lookUps.stop()
  assert.equal((await dial(PSTN)).status, 403)
})

test('name servers that are silent keep a start waiting for five seconds and no longer', async () => {
  said = 'silence'
  const { clock, lookUps } = await beginning()
  asked.length = 0
  const started = lookUps.start()
  await eventually('it asks', () => asked.includes(HOST))
  clock.advance(5_000)
  await started
  lookUps.stop()
})

test('an address counts for an hour of silence of the name servers, and is unknown then', async () => {
  said = 'address'
  const { clock, lookUps } = await beginning()
  await lookUps.start()
  said = 'away'
  clock.advance(TTL_HOUR_MS - 1_000)
  await lookUps.look()
  assert.equal((await dial(PSTN)).status, 200)
  clock.advance(6_000)
  await lookUps.look()
  assert.equal((await dial(PSTN)).status, 503)
  said = 'address'
  clock.advance(6_000)
  await lookUps.look()
  assert.equal((await dial(PSTN)).status, 200)
  lookUps.stop()
})
