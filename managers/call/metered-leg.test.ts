import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BillingService, migrations, NOBODY, ReservationDesk, ReservationStore, type Spender } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import type { LaneWrite, WriteLanes } from '#platform/db'
import { eventMigrations } from '#platform/events'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock } from '#platform/time'
import { eventually, FakeLine, freshDatabase } from '#testkit'
import type { Calling } from './calling.ts'
import { callErrors } from './errors.ts'
import { LegMaker } from './leg-maker.ts'
import { type LiveNeeds, LiveRunner } from './live-runner.ts'
import { Metering } from './metering.ts'
import type { LegPlan } from './way.ts'

const { db } = await freshDatabase([...eventMigrations, ...migrations])
const lanes = { write: async (_: string, _rows: readonly LaneWrite[]) => {} } as unknown as WriteLanes
const unused = async (): Promise<never> => {
  throw new Error('nobody asks for this here')
}
const MINUTE = 10_000

/** Legs to telephone numbers that ring at fake lines; time is turned by hand, the accounts are real. */
async function telephone(balance_credit: number) {
  const clock = new ManualClock()
  const customer_id = systemIds.uuid()
  const basics = { db, clock: systemClock, ids: systemIds }
  const billing = new BillingService({ ...basics, holds: new ReservationStore() })
  await db.transaction((trx) => billing.createAccount(trx, customer_id, { balance_credit }))
  const reservations = new ReservationDesk({ ...basics, billing })
  const lines: FakeLine[] = []
  const asked: [string, string | undefined][] = []
  const ids = systemIds
  const needs: LiveNeeds = {
    ...{ clock, ids, log: silentLog, lanes, node: 'n', incarnation: 'i' },
    speech: { render: unused },
    sounds: { fetch: unused },
    recordings: {} as LiveNeeds['recordings'], // nothing is recorded here
    metering: new Metering({ clock, log: silentLog, reservations, undecidedMs: 300_000 }),
    ...{ callOut: unused, leg: () => undefined, transferAsked: () => {}, release: () => {} },
    witness: {
      ...{ refused: () => {}, began: () => {}, redialled: () => {}, lineSaid: () => {}, over: () => {} },
      connectRefused: () => {},
      endAsked: (id, by) => asked.push([id, by]),
    },
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
  const way = { uri: 'sip:+14155550100@carrier.test', via: { target: { address: '192.0.2.1', port: 5060 } } }
  const plan: LegPlan = {
    ...{ kind: 'call', owner_id: NIL_UUID, destination: { type: 'tel', target: '+14155550100' } },
    ways: [way, way],
  }
  const prepare = (more: { spender?: Spender; occasion?: Calling['occasion']; plan?: Partial<LegPlan> } = {}) => {
    const { spender = NOBODY, occasion, plan: other } = more
    return legs.prepare(
      systemIds.uuid(),
      { ...plan, ...other },
      {
        ...{ customer_id, source: { type: 'tel', target: '+14155550199' }, metadata: {}, free_only: false, spender },
        ...{ variables: {}, early_execution: false, groupcall_id: NIL_UUID },
        ...(occasion ? { occasion } : {}),
      },
    )
  }
  const held = async () => {
    const rows = await db.query<{ units: number; most_units: number | null; credential_kind: string }>(
      `select units, most_units, credential_kind from reservations where customer_id = $1 and status = 'open'`,
      [customer_id],
    )
    return rows
  }
  return { clock, lines, prepare, held, asked }
}

async function begun(made: Awaited<ReturnType<typeof telephone>>) {
  const live = (await made.prepare()).begin()
  assert.ok(live instanceof LiveRunner)
  const line = made.lines.at(-1)
  assert.ok(line)
  await eventually('it is dialled', () => line.said.includes('dial'))
  return { live, line }
}

test('before the INVITE the first minute is reserved; a leg that will not be gives it back', async () => {
  const made = await telephone(MINUTE)
  const ready = await made.prepare({ spender: { kind: 'accesskey', id: systemIds.uuid() } })
  assert.deepEqual(await made.held(), [{ units: 1, most_units: null, credential_kind: 'accesskey' }])
  await assert.rejects(made.prepare(), callErrors.INSUFFICIENT_BALANCE.is)
  ready.discard()
  await eventually('it is free again', async () => (await made.held()).length === 0)
})

test('an empty balance: both are warned 10 s before, and the leg ends with the minute that is paid', async () => {
  const made = await telephone(2 * MINUTE)
  const { live, line } = await begun(made)
  made.clock.advance(20_000)
  line.answers()
  made.clock.advance(50_000)
  await eventually('the second minute is reserved', async () => (await made.held())[0]?.units === 2)
  await new Promise((resolve) => setImmediate(resolve))
  made.clock.advance(60_000)
  await eventually('it is warned', () => line.said.includes('announce'))
  assert.deepEqual(await made.held(), [{ units: 2, most_units: 2, credential_kind: '' }])
  made.clock.advance(9_999)
  assert.equal(line.said.includes('hangup 16'), false)
  made.clock.advance(1)
  assert.equal(line.said.at(-1), 'hangup 16')
  await eventually('it is over', () => live.snapshot().status === 'hangup')
  assert.equal(live.snapshot().hangup_reason, 'normal')
  assert.deepEqual(made.asked, [[live.id, 'balance_exhausted']])
})

test('the next way to a callee is tried on the same reservation', async () => {
  const made = await telephone(MINUTE)
  const { line } = await begun(made)
  line.isSilent()
  await eventually(
    'the next one is dialled',
    () => made.lines.at(-1) !== line && made.lines.at(-1)?.said.includes('dial'),
  )
  assert.equal((await made.held()).length, 1)
})

test('what a phone asks for by REFER, and the telephones of agents, cost nothing unless the customer lets them', async () => {
  const made = await telephone(10 * MINUTE)
  await assert.rejects(made.prepare({ occasion: 'refer' }), billingErrors.SPENDING_NOT_ALLOWED.is)
  await assert.rejects(made.prepare({ plan: { isForwarded: true } }), billingErrors.SPENDING_NOT_ALLOWED.is)
  assert.deepEqual(await made.held(), [])
})

test('a leg that costs nothing touches no account', async () => {
  const made = await telephone(0)
  const ready = await made.prepare({ plan: { destination: { type: 'sip', target: 'bob@example.com' } } })
  assert.deepEqual(await made.held(), [])
  ready.discard()
})
