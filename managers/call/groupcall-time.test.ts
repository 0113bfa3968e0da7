import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOBODY } from '#managers/billing'
import type { LaneWrite, WriteLanes } from '#platform/db'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { FakeLine } from '#testkit'
import { AttemptMaker } from './attempt-maker.ts'
import type { GroupRingMethod } from './groupcall.ts'
import { GroupcallRunner } from './groupcall-runner.ts'
import { LegMaker } from './leg-maker.ts'
import type { LiveNeeds } from './live-runner.ts'
import type { GroupPlan, LegPlan } from './way.ts'

/** A disk that is always there at once. */
const lanes = { write: async (_: string, _rows: readonly LaneWrite[]) => {} } as unknown as WriteLanes
const unused = async (): Promise<never> => {
  throw new Error('nobody asks for this here')
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A groupcall of these people on virtual time: no network, no database. */
async function ringing(ring_method: GroupRingMethod, ...users: string[]) {
  const clock = new ManualClock()
  const lines: FakeLine[] = []
  const basics = { clock, ids: systemIds, log: silentLog, lanes, node: 'n', incarnation: 'i' }
  const needs: LiveNeeds = {
    ...basics,
    speech: { render: unused },
    sounds: { fetch: unused },
    recordings: {} as LiveNeeds['recordings'], // nothing is recorded here
    metering: { begin: async () => undefined, beginRecording: unused },
    ...{ callOut: unused, leg: () => undefined, transferAsked: () => {}, release: () => {} },
  }
  const legs = new LegMaker({
    ...needs,
    base: 'strowger.test',
    createOutgoingLine: (options) => {
      const line = new FakeLine(options)
      lines.push(line)
      return line
    },
    prepareOutgoing: async () => undefined,
    ringing: new Map(),
    admit: () => {},
  })
  const attempts = new AttemptMaker({ ...basics, legs, admit: () => {}, release: () => {}, mayBegin: () => true })
  const members = users.map((user) => async (): Promise<LegPlan> => {
    const target = `${user}@example.com`
    const way = { uri: `sip:${target}`, via: { target: { address: '192.0.2.1', port: 5060 } } }
    return { kind: 'call', destination: { type: 'sip', target }, owner_id: NIL_UUID, ways: [way] }
  })
  const plan: GroupPlan = { kind: 'groupcall', destinations: [], owner_id: NIL_UUID, ring_method, members }
  const ready = await attempts.prepare(systemIds.uuid(), plan, {
    ...{ customer_id: systemIds.uuid(), source: {}, metadata: {}, free_only: false, spender: NOBODY, variables: {} },
    ...{ early_execution: false, groupcall_id: NIL_UUID },
  })
  const ends: { hangup_reason: string; cause: number }[] = []
  const group = ready.begin((event) => {
    if (event.type === 'ended') ends.push(event)
  })
  assert.ok(group instanceof GroupcallRunner)
  await settled()
  const pass = async (ms: number) => {
    clock.advance(ms)
    await settled()
  }
  return { group, lines, pass, ends, called: () => lines.map(({ options }) => options.uri.slice(4).split('@')[0]) }
}

test('who does not answer for a minute is given up, and the next one in line rings for a minute of its own', async () => {
  const { group, lines, pass, ends, called } = await ringing('linear', 'ann', 'bob', 'carol')
  lines[0]?.rings()
  await pass(59_999)
  assert.deepEqual(called(), ['ann'])
  await pass(1)
  assert.deepEqual([called(), lines[0]?.said.at(-1)], [['ann', 'bob'], 'hangup 19'])
  await pass(59_999)
  assert.deepEqual(called(), ['ann', 'bob'])
  await pass(1)
  assert.deepEqual([called(), group.snapshot().dial_index], [['ann', 'bob', 'carol'], 2])
  await pass(60_000)
  assert.deepEqual([group.snapshot().status, group.snapshot().call_count], ['hangup', 0])
  assert.deepEqual(
    ends.map(({ hangup_reason, cause }) => [hangup_reason, cause]),
    [['dialout', 0]],
  )
})

test('all who ring at once are given up after a minute, and the groupcall is over', async () => {
  const { group, lines, pass, called } = await ringing('ring_all', 'ann', 'bob')
  assert.deepEqual(called(), ['ann', 'bob'])
  for (const line of lines) line.rings()
  await pass(59_999)
  assert.equal(group.snapshot().status, 'progressing')
  await pass(1)
  assert.deepEqual(
    [group.snapshot().status, lines.map(({ said }) => said.at(-1))],
    ['hangup', ['hangup 19', 'hangup 19']],
  )
})

test('an answer stops the minute: the talk goes on, and nobody else is rung', async () => {
  const { group, lines, pass, called } = await ringing('linear', 'ann', 'bob')
  await pass(30_000)
  lines[0]?.answers()
  await pass(600_000)
  assert.deepEqual([called(), group.snapshot().status, lines[0]?.ended], [['ann'], 'progressing', false])
})

test('a groupcall that is hung up while its next one is looked up calls nobody any more', async () => {
  const { group, lines, pass, ends } = await ringing('linear', 'ann', 'bob')
  lines[0]?.goes(17, 486)
  group.hangup('normal')
  await pass(0)
  assert.deepEqual([group.snapshot().status, group.snapshot().call_ids.length], ['hangup', 1])
  assert.deepEqual(lines[1]?.said, ['hangup 16'], 'what was made ready is let go, and never dialled')
  assert.equal(ends.length, 1)
})
