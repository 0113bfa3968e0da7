import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { eventually, type FakeLine, TestCalls } from '#testkit'
import type { ConnectOptions, LiveCall, LiveCallInput } from './live-call.ts'

const NUMBER = '+899006000001'
const calls = await TestCalls.start()
await calls.number(NUMBER)

const sip = (user: string) => ({ type: 'sip' as const, target: `${user}@127.0.0.1:5999` })
const DEFAULTS: ConnectOptions = {
  destinations: [],
  early_media: false,
  relay_reason: false,
  anonymous: 'auto',
}

/** A caller whose flow connects; its side, and what its call says. */
async function connecting(options: Partial<ConnectOptions>, more: { answered?: boolean; headers?: string[] } = {}) {
  const at = calls.lives.length
  const linesBefore = calls.lines.length
  const connect = (live: LiveCall) => live.connect('f:1', { ...DEFAULTS, ...options })
  calls.script = (live, input) => {
    if (input.type === 'started') {
      if (more.answered) live.answer('f:0')
      else connect(live)
    }
    if (input.type === 'answered' && input.key === 'f:0') connect(live)
  }
  const phone = await calls.phone('somebody')
  let ringing: Parameters<NonNullable<Parameters<typeof phone.call>[1]>['whileRinging'] & object>[0] | undefined
  const call = phone.call(NUMBER, {
    headers: more.headers ?? [],
    whileRinging: (made) => {
      ringing = made
    },
  })
  void call.catch(() => {})
  const life = await eventually('the flow of the caller runs', () => calls.lives[at])
  const ended = () =>
    eventually('the connect has ended', () => life.inputs.find((input) => input.type === 'connect_ended'))
  const lines = async (count: number): Promise<FakeLine[]> =>
    eventually('they are dialled', () => {
      const userOf = ({ options }: FakeLine) => options.uri.split('@')[0] ?? ''
      const made = calls.lines.slice(linesBefore).toSorted((one, other) => userOf(one).localeCompare(userOf(other)))
      return made.length === count && made.every(({ said }) => said.includes('dial')) ? made : undefined
    })
  return { call, caller: () => ringing, live: life.live, inputs: life.inputs, ended, lines }
}

const rowOf = async (id: string) =>
  (await calls.db.query<Record<string, unknown>>('select * from calls where id = $1', [id]))[0]
const legsOf = async (master: string) =>
  calls.db.query<Record<string, unknown>>('select * from calls where master_call_id = $1 order by tm_create', [master])
const groupsOf = async (master: string) =>
  calls.db.query<Record<string, unknown>>('select * from groupcalls where master_call_id = $1', [master])
const outcomeOf = ({ type: _t, key: _k, ...outcome }: LiveCallInput & { type: 'connect_ended' }) => outcome

test('the first who answers is joined with the caller, who is answered then; the others end as cancel', async () => {
  const { call, live, ended, lines } = await connecting({ destinations: [sip('bob'), sip('carol')] })
  const [bob, carol] = await lines(2)
  bob?.rings()
  carol?.rings()
  carol?.answers()
  assert.equal((await call).status, 200)
  await eventually('they are joined', () => carol?.said.some((word) => word.startsWith('bridge ')))
  assert.deepEqual(bob?.said, ['dial', 'hangup 26'], 'somebody else has answered')
  const legs = await eventually('the legs are on record', async () => {
    const rows = await legsOf(live.id)
    return rows.some(({ status }) => status === 'hangup') ? rows : undefined
  })
  const legOf = (user: string) =>
    legs.find(({ destination }) => (destination as { target: string }).target.startsWith(user))
  assert.deepEqual([legOf('bob')?.hangup_reason, legOf('carol')?.status], ['cancel', 'progressing'])
  const caller = await rowOf(live.id)
  assert.deepEqual(
    [...((caller?.chained_call_ids ?? []) as string[])].toSorted(),
    legs.map(({ id }) => String(id)).toSorted(),
  )
  carol?.goes()
  assert.deepEqual(outcomeOf(await ended()), { outcome: 'talked' })
  assert.equal(live.snapshot().status, 'progressing', 'the caller goes on with its flow')
  await (await call).hangUp()
})

test("the callee is offered the caller's codec first, one hop less, near the caller's sound, and sees the caller", async () => {
  const { call, live, lines } = await connecting({ destinations: [sip('bob')] }, { headers: ['Max-Forwards: 12'] })
  const [bob] = await lines(1)
  const { options } = bob ?? assert.fail()
  assert.equal(options.maxForwards, 11)
  assert.deepEqual(options.codecs, ['PCMU', 'PCMA'])
  assert.equal(options.workerHint, 0)
  assert.equal(options.uri, 'sip:bob@127.0.0.1:5999')
  assert.match(options.from, /^<sip:somebody@127\.0\.0\.1/)
  live.hangup('normal')
  await call
})

test('when nobody answers the caller learns the reason and cause of the first, and its flow goes on', async () => {
  const { call, live, ended, lines } = await connecting({ destinations: [sip('bob'), sip('carol')] })
  const [bob, carol] = await lines(2)
  carol?.goes(19, 480)
  bob?.goes(17, 486)
  assert.deepEqual(outcomeOf(await ended()), { outcome: 'unanswered', hangup_reason: 'busy', cause: 17 })
  assert.equal(live.snapshot().status, 'ringing')
  live.hangup('busy', 17)
  assert.equal((await call).status, 486)
})

test('a caller who leaves takes along whom it called', async () => {
  const { call, caller, live, lines, inputs } = await connecting({ destinations: [sip('bob')] })
  const [bob] = await lines(1)
  bob?.rings()
  caller()?.cancel()
  await call
  await eventually('the callee is cancelled', () => bob?.said.includes('hangup 16'))
  await eventually('the caller is over', () => inputs.some(({ type }) => type === 'hungup'))
  assert.ok(!inputs.some(({ type }) => type === 'connect_ended'))
  const [leg] = await eventually('the leg is over', async () => {
    const rows = await legsOf(live.id)
    return rows[0]?.status === 'hangup' ? rows : undefined
  })
  assert.deepEqual([leg?.hangup_by, leg?.hangup_reason], ['local', 'cancel'])
})

test('a caller who hangs up in a conversation ends the callee', async () => {
  const { call, lines } = await connecting({ destinations: [sip('bob')] })
  const [bob] = await lines(1)
  bob?.answers()
  await (await call).hangUp()
  await eventually('the callee gets its BYE', () => bob?.said.at(-1) === 'hangup 16')
})

test('an answered caller hears ringing while it waits, and quiet when nobody came', async () => {
  const { call, ended, lines } = await connecting({ destinations: [sip('bob')] }, { answered: true })
  const [bob] = await lines(1)
  const { sound, hangUp } = { sound: (await call).sound, hangUp: async () => (await call).hangUp() }
  const isLoud = () => sound.loudness().at(-1) ?? 0
  await eventually('the caller hears ringing', () => isLoud() > 0.02)
  bob?.goes(17, 486)
  assert.equal((await ended()).outcome, 'unanswered')
  await eventually('the ringing stops', () => isLoud() < 0.001)
  await hangUp()
})

test('with early media the caller hears the callee before the answer; it is not answered by that', async () => {
  const { call, live, lines, caller } = await connecting({ destinations: [sip('bob')], early_media: true })
  const [bob] = await lines(1)
  bob?.sounds()
  await eventually('the caller gets a description', () => caller()?.provisional.includes(183))
  assert.equal(live.snapshot().status, 'ringing')
  assert.ok(!bob?.said.some((word) => word.startsWith('bridge')), 'the callee hears nothing yet')
  bob?.answers()
  assert.equal((await call).status, 200)
  await eventually('both hear each other', () => bob?.said.some((word) => word.startsWith('bridge ')))
  bob?.goes()
  await (await call).hangUp()
})

test('early sound that ends gives way to ringing while others ring', async () => {
  const options = { destinations: [sip('bob'), sip('carol')], early_media: true }
  const { call, live, lines, caller, ended } = await connecting(options)
  const [bob, carol] = await lines(2)
  bob?.sounds()
  await eventually('the caller gets a description', () => caller()?.provisional.includes(183))
  bob?.goes(17, 486)
  await eventually('the caller hears ringing', () => (caller()?.sound.loudness().at(-1) ?? 0) > 0.02)
  carol?.goes(19, 480)
  assert.deepEqual(outcomeOf(await ended()), { outcome: 'unanswered', hangup_reason: 'busy', cause: 17 })
  live.hangup('normal')
  await call
})

test('without early media the sound before the answer is not passed on', async () => {
  const { call, live, lines, caller } = await connecting({ destinations: [sip('bob')] })
  const [bob] = await lines(1)
  bob?.sounds()
  bob?.goes(17, 486)
  await eventually('it has ended', () => live.snapshot().status === 'ringing')
  assert.ok(!caller()?.provisional.includes(183))
  live.hangup('normal')
  await call
})

test('while a phone holds the line the other one hears music, and is joined again afterwards', async () => {
  const { call, lines } = await connecting({ destinations: [sip('bob')] })
  const [bob] = await lines(1)
  bob?.answers()
  const up = await call
  await eventually('they are joined', () => bob?.said.some((word) => word.startsWith('bridge ')))
  await up.reinvite(up.sound.offer({ direction: 'sendonly' }))
  await eventually('the callee hears music', () => bob?.said.at(-1) === 'music')
  await up.reinvite(up.sound.offer())
  await eventually('they are joined again', () => bob?.said.at(-1)?.startsWith('bridge '))
  bob?.holds()
  bob?.holds(false)
  assert.ok(bob?.said.at(-1)?.startsWith('bridge '), 'the callee who comes back hears the caller')
  bob?.goes()
  await up.hangUp()
})

test('nobody could be called: the reason is told as a word, with the cause that the caller would hear', async () => {
  for (const [destination, issue, cause] of [
    [{ type: 'extension', target_name: '9999' }, 'EXTENSION_NOT_FOUND', 1],
    [{ type: 'agent', target: systemIds.uuid() }, 'AGENT_NOT_FOUND', 1],
    [{ type: 'conference', target: systemIds.uuid() }, 'INVALID_ARGUMENT', 28],
    [{ type: 'tel', target: '+14155550100' }, 'DESTINATION_NOT_ALLOWED', 21],
  ] as const) {
    const { call, live, ended } = await connecting({ destinations: [destination] })
    assert.deepEqual(outcomeOf(await ended()), { outcome: 'failed', issue, cause }, destination.type)
    live.hangup('normal')
    await call
  }
})

test('an INVITE that has made all its hops connects to nobody', async () => {
  const { call, live, ended } = await connecting({ destinations: [sip('bob')] }, { headers: ['Max-Forwards: 1'] })
  assert.equal((await ended()).outcome, 'failed')
  live.hangup('normal')
  await call
})

test('an extension rings on all its phones, each over its own flow; the groupcall says who answered', async () => {
  const phones = [await calls.phone('2001', 'secret-2001'), await calls.phone('2001', 'secret-2001')]
  for (const phone of phones) assert.equal((await phone.register()).status, 200)
  const id = await calls.extension('2001')
  const { call, live, lines, ended } = await connecting({ destinations: [{ type: 'extension', target_name: '2001' }] })
  const [one, two] = await lines(2)
  assert.deepEqual(
    [one, two].map((line) => line?.options.uri),
    phones.map(({ port }) => `sip:2001@127.0.0.1:${port}`),
  )
  for (const line of [one, two]) assert.ok(line && 'flow' in line.options.via && line.options.via.flow.alive)
  one?.rings()
  two?.answers()
  assert.equal((await call).status, 200)
  await eventually('the other phone stops ringing', () => one?.said.includes('hangup 26'))
  const [group] = await eventually('the groupcall is on record', async () => {
    const rows = await groupsOf(live.id)
    return rows[0]?.call_count === 1 ? rows : undefined
  })
  const legs = await legsOf(live.id)
  assert.equal(group?.status, 'progressing')
  assert.deepEqual(group?.destinations, [{ type: 'extension', target: id, target_name: '2001' }])
  assert.equal(group?.answer_call_id, legs.find(({ status }) => status === 'progressing')?.id)
  assert.deepEqual(
    legs.map(({ groupcall_id }) => groupcall_id),
    [group?.id, group?.id],
  )
  two?.goes()
  assert.equal((await ended()).outcome, 'talked')
  await eventually('the groupcall is over', async () => (await groupsOf(live.id))[0]?.status === 'hangup')
  const types = (await calls.events(calls.customer, 'groupcall')).filter(({ data }) => data.id === group?.id)
  assert.deepEqual(
    types.map(({ type }) => type),
    ['groupcall_created', 'groupcall_progressing', 'groupcall_hangup'],
  )
  await (await call).hangUp()
})

test('an agent is called at all its addresses; its extension is a groupcall inside, whose answer is reported up', async () => {
  const phone = await calls.phone('2002', 'secret-2002')
  await phone.register()
  const extension = await calls.extension('2002')
  const agent = await calls.agent([{ type: 'extension', target: extension }, sip('ann')])
  const { call, live, lines } = await connecting({ destinations: [{ type: 'agent', target: agent }] })
  const made = await lines(2)
  const desk = made.find(({ options }) => 'flow' in options.via)
  const mobile = made.find(({ options }) => 'target' in options.via)
  desk?.answers()
  assert.equal((await call).status, 200)
  await eventually('the other one ends', () => mobile?.said.includes('hangup 26'))
  const groups = await eventually('both groupcalls are on record', async () => {
    const rows = await groupsOf(live.id)
    return rows.length === 2 &&
      rows.every(({ answer_call_id, answer_groupcall_id }) => answer_call_id !== answer_groupcall_id)
      ? rows
      : undefined
  })
  const outer = groups.find(
    ({ owner_id, groupcall_ids }) => owner_id === agent && (groupcall_ids as string[]).length === 1,
  )
  const inner = groups.find(({ master_groupcall_id }) => master_groupcall_id === outer?.id)
  assert.equal(outer?.answer_groupcall_id, inner?.id)
  assert.equal(outer?.ring_method, 'ring_all')
  const leg = (await legsOf(live.id)).find(({ groupcall_id }) => groupcall_id === inner?.id)
  assert.deepEqual([leg?.owner_type, leg?.owner_id], ['agent', agent])
  await (await call).hangUp()
  await eventually('the phone is let go', () => desk?.ended)
})

test('an agent who wants it is called at one address after the other', async () => {
  const agent = await calls.agent([sip('first'), sip('second')], 'linear')
  const { call, live, lines, ended } = await connecting({ destinations: [{ type: 'agent', target: agent }] })
  const [first] = await lines(1)
  first?.goes(17, 486)
  const [, second] = await lines(2)
  assert.match(second?.options.uri ?? '', /^sip:second@/)
  second?.goes(19, 480)
  assert.deepEqual(outcomeOf(await ended()), { outcome: 'unanswered', hangup_reason: 'busy', cause: 17 })
  const [group] = await eventually('it is over', async () => {
    const rows = await groupsOf(live.id)
    return rows[0]?.status === 'hangup' ? rows : undefined
  })
  assert.equal(group?.dial_index, 1)
  live.hangup('normal')
  await call
})

test('a phone that has registered nowhere, or whose connection has broken, cannot be reached', async () => {
  await calls.phone('2003', 'secret-2003')
  const phone = await calls.phone('2004', 'secret-2004', { transport: 'tcp' })
  await phone.register()
  phone.close()
  await eventually('its flow is dead', async () => {
    const rows = await calls.db.query(`select 1 from registrations where uri like 'sip:2004@%'`)
    return rows.length === 0
  })
  for (const target_name of ['2003', '2004']) {
    const { call, live, ended } = await connecting({ destinations: [{ type: 'extension', target_name }] })
    assert.deepEqual(outcomeOf(await ended()), { outcome: 'failed', issue: 'NO_ROUTE_TO_DESTINATION', cause: 20 })
    live.hangup('normal')
    await call
  }
})

test('a connect that was seen is not done twice, and a second one at the same time fails', async () => {
  const { call, live, inputs, lines } = await connecting({ destinations: [sip('bob')] })
  await lines(1)
  live.connect('f:1', { ...DEFAULTS, destinations: [sip('bob')] })
  live.connect('f:2', { ...DEFAULTS, destinations: [sip('bob')] })
  const second = await eventually('the second one is refused', () =>
    inputs.find((input) => input.type === 'connect_ended' && input.key === 'f:2'),
  )
  assert.deepEqual(outcomeOf(second as LiveCallInput & { type: 'connect_ended' }), {
    outcome: 'failed',
    issue: 'already_connecting',
  })
  await lines(1)
  live.hangup('normal')
  await call
})
