import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RunningCarrier, scriptOf } from '#carrier'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import {
  type ApiClient,
  apiClient,
  eventually,
  FakePhone,
  type Json,
  levelAt,
  liftSpendingLimits,
  Platform,
} from '#testkit'

/** Of the carrier that is the second route: nobody may reach it but who is allowed to. */
const SECOND_HOST = '127.0.0.5'
const TALK = [{ type: 'talk', option: { text: 'Hello', language: 'en-US' } }]
const WAIT = [{ type: 'sleep', option: { duration: 20_000 } }]

let platform: Platform
let api: ApiClient
let admin: ApiClient

before(async () => {
  platform = await Platform.start({ SANDBOX_CARRIER: 'on', ALLOW_PRIVATE_TARGETS: SECOND_HOST })
  const { customer, admin: login } = platform.credentials
  api = apiClient(platform.http, { accesskey: customer.accesskey })
  const { body } = await apiClient(platform.http).post('/auth/login', login)
  admin = apiClient(platform.http, { token: body.token })
  await liftSpendingLimits(platform)
})
after(() => platform?.stop())

/** Calls a number and gives the call as it was made. */
async function dial(number: string, rest: object = { actions: TALK }): Promise<Json> {
  const { status, body } = await api.post('/v1.0/calls', { destinations: [{ type: 'tel', target: number }], ...rest })
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.calls.length, 1, JSON.stringify(body))
  return body.calls[0]
}

const callOf = async (id: string): Promise<Json> => (await api.get(`/v1.0/calls/${id}`)).body

function once(id: string, status: string, withinMs = 15_000): Promise<Json> {
  return eventually(
    `call ${id} is ${status}`,
    async () => {
      const call = await callOf(id)
      return call.status === status ? call : undefined
    },
    withinMs,
  )
}

const hangUp = (id: string) => api.post(`/v1.0/calls/${id}/hangup`)

/** What the carrier says of its newest call with this number. */
async function atCarrier(number: string): Promise<Json> {
  const response = await fetch(`${platform.credentials.sandbox?.api}/calls`)
  const { result } = (await response.json()) as Json
  return result.find(({ to }: Json) => to === number)
}

const explained = async (id: string): Promise<string> => (await api.get(`/v1.0/calls/${id}/explain`)).text

test('the sandbox carrier answers a probe, though nobody may reach private addresses', async () => {
  const { body } = await admin.get('/v1.0/providers')
  const sandbox = body.result.find(({ name }: Json) => /sandbox/i.test(name))
  const probe = await admin.post(`/v1.0/providers/${sandbox.id}/probe`)
  assert.equal(probe.status, 200, probe.text)
  assert.equal(probe.body.reason, 'ok', probe.text)
})

test('a fresh platform calls a number of the sandbox, which answers and speaks', async () => {
  const { id, source } = await dial('+999000000200')
  assert.match(source.target, /^\+999[1-9]\d{8}$/)
  const { hangup_reason, hangup_by } = await once(id, 'hangup')
  assert.deepEqual([hangup_reason, hangup_by], ['normal', 'local'])
  const { statuses, steps, from } = await atCarrier('+999000000200')
  assert.deepEqual([statuses, steps, from], [[200], ['answer', 'say'], source.target])
})

/** `calls.md` §3.3: what a status comes to, and whether the next route is tried. */
const ROWS: readonly { statuses: readonly number[]; reason: string; goesOn: boolean }[] = [
  { statuses: [400, 405, 411, 413, 414, 415, 481, 482, 487, 491, 493, 505, 499, 699], reason: 'failed', goesOn: true },
  { statuses: [401, 403, 407, 603], reason: 'noanswer', goesOn: false },
  { statuses: [404, 485, 604, 408, 409, 410, 420, 484, 488, 606], reason: 'failed', goesOn: true },
  { statuses: [480, 483], reason: 'noanswer', goesOn: false },
  { statuses: [486, 600], reason: 'busy', goesOn: false },
  { statuses: [500, 501, 502, 503, 504, 599], reason: 'failed', goesOn: true },
]

test('each status comes to the reason that it has in the table', async () => {
  await Promise.all(
    ROWS.flatMap(({ statuses, reason }) =>
      statuses.map(async (status) => {
        const { id } = await dial(`+999000000${status}`)
        const { hangup_reason, hangup_by } = await once(id, 'hangup', 30_000)
        assert.deepEqual([status, hangup_reason, hangup_by], [status, reason, 'remote'])
      }),
    ),
  )
})

test('early media is heard before the answer, and a Reason has the last word', async () => {
  const vacant = await dial('+999040000404')
  assert.equal((await once(vacant.id, 'hangup')).hangup_reason, 'failed')
  assert.match(await explained(vacant.id), /183/)
  const rejected = await dial('+999030000017')
  assert.equal((await once(rejected.id, 'hangup')).hangup_reason, 'busy')
})

test('a flow hears the keys that a number presses, and presses one back', async () => {
  const { id } = await dial('+999050000005', {
    actions: [
      { type: 'digits_receive', option: { duration: 10_000, length: 4 } },
      { type: 'branch', option: { default_target_id: 'end', target_ids: { '1234': 'right' } } },
      { id: 'right', type: 'digits_send', option: { digits: '5' } },
      { id: 'end', type: 'sleep', option: { duration: 5_000 } },
    ],
  })
  await once(id, 'hangup')
  assert.equal((await atCarrier('+999050000005')).digits, '5')
})

test('a voicemail is told from a person', async () => {
  const actions = [{ type: 'amd', option: { machine_handle: 'hangup' } }, ...TALK]
  const [machine, person] = [await dial('+999050000002', { actions }), await dial('+999050000003', { actions })]
  assert.equal((await once(machine.id, 'hangup', 20_000)).hangup_reason, 'amd')
  assert.equal((await once(person.id, 'hangup', 20_000)).hangup_reason, 'normal')
})

test('a phone hears its own echo from the sandbox', async (t) => {
  const { extension, password } = await platform.extension()
  const phone = await FakePhone.start({ server: platform.sip, user: extension, password })
  t.after(() => phone.close())
  await phone.register()
  const call = await phone.call('+999050000001')
  assert.equal(call.status, 200)
  await call.sound.sendTone(700, 100)
  await eventually('the echo', () => levelAt(call.sound.samples(40), 700) > 2_000)
  await call.hangUp()
})

test('bad lines, holds, other codecs and garbage are lived with', async () => {
  const numbers = ['+999060300200', '+999070000001', '+999070000002', '+999080000003']
  const calls = await Promise.all(numbers.map((number) => dial(number, { actions: WAIT })))
  await Promise.all(calls.map(({ id }) => once(id, 'progressing')))
  await eventually('the codec has changed and the hold is over', async () => {
    const [codec, hold] = [await atCarrier('+999070000001'), await atCarrier('+999070000002')]
    return codec.steps.length === 4 && hold.steps.length >= 4
  })
  for (const { id } of calls) assert.equal((await callOf(id)).status, 'progressing')
  await Promise.all(calls.map(({ id }) => hangUp(id)))
  await Promise.all(calls.map(({ id }) => once(id, 'hangup')))
})

test('a number is bought, the carrier calls it, and its flow answers', async () => {
  const { body: offered } = await api.get('/v1.0/available_numbers?country_code=sandbox&page_size=1')
  const [{ number }] = offered.result
  const { body: flow } = await api.post('/v1.0/flows', {
    ...{ name: 'beeps', detail: '' },
    actions: [
      { type: 'answer' },
      // repeated: the carrier hears from the moment on when its recording has begun
      ...Array.from({ length: 5 }, () => [{ type: 'beep' }, { type: 'sleep', option: { duration: 500 } }]).flat(),
      { type: 'digits_receive', option: { duration: 30_000, length: 1 } },
      { type: 'digits_send', option: { digits: '8' } },
      { type: 'hangup' },
    ],
  })
  const bought = await api.post('/v1.0/numbers', {
    ...{ number, call_flow_id: flow.id, message_flow_id: '00000000-0000-0000-0000-000000000000' },
    ...{ name: 'bought', detail: '' },
  })
  assert.equal(bought.status, 200, bought.text)
  const made = await fetch(`${platform.credentials.sandbox?.api}/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      to: number,
      steps: [
        { do: 'listen', seconds: 10 },
        { do: 'press', keys: '3' },
        { do: 'wait', seconds: 10 },
      ],
    }),
  })
  assert.equal(made.status, 201)
  const call = await eventually(
    'the call is over',
    async () => {
      const found = await atCarrier(number)
      return found?.state === 'ended' && found.heard ? found : undefined
    },
    40_000,
  )
  assert.deepEqual([call.statuses.at(-1), call.digits, call.end.by], [200, '8', 'remote'])
  assert.ok(call.heard.tones.length > 0, JSON.stringify(call.heard))
  const { body: calls } = await api.get('/v1.0/calls')
  const incoming = calls.result.find(({ destination }: Json) => destination.target === number)
  assert.deepEqual([incoming.direction, incoming.source.target], ['incoming', '+999000000200'])

  const through = await dial(number, { actions: WAIT })
  await once(through.id, 'progressing')
  assert.equal((await atCarrier(number)).direction, 'through')
  await hangUp(through.id)
  await once(through.id, 'hangup')
})

test('the next route is tried exactly where the table says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strowger-second-'))
  const second = await RunningCarrier.start({
    ...{ clock: systemClock, ids: systemIds, log: silentLog, folder },
    ...{ host: SECOND_HOST, port: 0, apiPort: 0, rtpPorts: { first: 50_000, last: 51_000 } },
    script: scriptOf('{"numbers":[{"number":"+9990nnnnnnnn","does":"answers","steps":[{"do":"answer"}]}]}'),
  })
  try {
    const { body: provider } = await admin.post('/v1.0/providers', {
      ...{ type: 'sip', hostname: `${SECOND_HOST}:${second.sip.port}`, name: 'second', detail: '' },
      ...{ tech_prefix: '', tech_postfix: '', tech_headers: {} },
    })
    const { body: routes } = await admin.get('/v1.0/routes')
    const { customer_id } = routes.result.find(({ name }: Json) => name === 'sandbox')
    const route = { customer_id, provider_id: provider.id, name: 'second', detail: '', priority: 1, target: '+999' }
    const { body: made } = await admin.post('/v1.0/routes', route)
    const rows = ROWS.flatMap(({ statuses, ...row }) => statuses.map((status) => ({ status, ...row })))
    // in turns: so many calls with sound at once are more than a test machine may carry
    for (let at = 0; at < rows.length; at += 10)
      await Promise.all(
        rows.slice(at, at + 10).map(async ({ status, reason, goesOn }) => {
          const { id } = await dial(`+999000000${status}`, { actions: WAIT })
          const call = await once(id, goesOn ? 'progressing' : 'hangup', 30_000)
          if (goesOn) await hangUp(id)
          else assert.deepEqual([status, call.hangup_reason], [status, reason])
        }),
      )
    const { id } = await dial('+999000000180', { actions: WAIT, dial_timeout: 1 })
    await once(id, 'progressing', 15_000)
    await hangUp(id)
    await once(id, 'hangup')
    await admin.delete(`/v1.0/routes/${made.id}`)
    await admin.delete(`/v1.0/providers/${provider.id}`)
  } finally {
    await second.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('without the carrier there is no route and nothing for sale, and with it again there is', async () => {
  const answered = async () => {
    const { id } = await dial('+999020000000')
    return (await once(id, 'hangup')).hangup_reason
  }
  await platform.child.stop('SIGTERM', 10_000)
  platform.environment.STROWGER_SANDBOX_CARRIER = 'off'
  await platform.run()
  const refused = await api.post('/v1.0/calls', {
    destinations: [{ type: 'tel', target: '+999050000001' }],
    actions: TALK,
  })
  assert.match(refused.text, /NO_ROUTE_TO_DESTINATION/)
  assert.deepEqual((await api.get('/v1.0/available_numbers?country_code=sandbox')).body.result, [])
  assert.equal(platform.credentials.sandbox, undefined)
  await platform.child.stop('SIGTERM', 10_000)
  platform.environment.STROWGER_SANDBOX_CARRIER = 'on'
  await platform.run()
  assert.equal(await answered(), 'normal')
  assert.equal(platform.credentials.numbers.length, 2)
  const { body } = await admin.get('/v1.0/providers')
  assert.equal(body.result.filter(({ name }: Json) => name === 'sandbox').length, 1)
})
