import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DirectService, migrations as directMigrations } from '#managers/direct'
import { threadHub } from '#platform/bus'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, freshDatabase, pause, startChild, WebhookReceiver } from '#testkit'
import { ActiveflowService } from './activeflow-service.ts'
import { migrations } from './migrations/index.ts'
import { FlowService } from './service.ts'
import { Dice } from './testing/dice.ts'
import type { Announced } from './testing/flow-platform.ts'
import type { MortalNeeds } from './testing/mortal-program.ts'
import { randomFlow } from './testing/random-flow.ts'

/** `npm run flows:killed` plays two hundred; `RANDOM_SEED` has the same flows again, if not the same deaths. A life takes seconds. */
const { KILLED_FLOWS: count = '', RANDOM_SEED: seed = String(systemIds.integer(1_000_000)) } = process.env
/** A life is this long at most, once it runs flows. Milliseconds. */
const LONGEST_LIFE_MS = 800
/** Enough for two hundred flows of a hundred steps. */
const MOST_LIVES = 400

const program = fileURLToPath(new URL('./testing/mortal-program.ts', import.meta.url))
/** A life begins faster when its code was compiled before. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/strowger', import.meta.url))
const skip = count === '' ? 'it is played by npm run flows:killed' : false
const { db, connection } = await freshDatabase([...directMigrations, ...migrations])
const receiver = await WebhookReceiver.start()
after(() => receiver.stop())

const basics = { db, clock: systemClock, ids: systemIds }
const flows = new FlowService({ ...basics, directs: new DirectService(basics), onFlowDeleted: async () => {} })
const bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
const activeflows = new ActiveflowService({ ...basics, bus, flows })
const alice = systemIds.uuid()
const dice = new Dice(Number(seed))

receiver.treat = () => (_, response) => {
  const answers = ['{"name":"1"}', '[]', '[{"type":"sleep","option":{"duration":5}}]', 'garbage'] as const
  response.writeHead(200).end(dice.pick(answers))
}

test(`${count} random flows of seed ${seed}, killed again and again: each ends once, and nothing is asked twice under two keys`, {
  skip,
}, async (t) => {
  const options = { longestMs: 60, url: receiver.url() }
  const save = (more: { without: string[]; flows?: [string] }) =>
    flows.create(alice, { name: '', detail: '', actions: randomFlow(dice, { ...options, ...more }) })
  const inner = (await save({ without: ['fetch_flow', 'block'] })).id
  const followed = (await save({ without: ['block'], flows: [inner] })).id
  for (let flow = 0; flow < Number(count); flow++) {
    const actions = randomFlow(dice, { ...options, without: ['block'], flows: [inner] })
    const on_complete_flow_id = dice.chance(0.3) ? followed : ''
    const { id } = await flows.create(alice, { name: '', detail: '', actions, on_complete_flow_id })
    await activeflows.create(alice, { flow_id: id })
  }
  const dead: string[] = []
  while ((await running()) > 0) {
    assert.ok(dead.length < MOST_LIVES, `${await running()} activeflows do not end`)
    const life = `life-${dead.length + 1}`
    const needs: MortalNeeds = { connection, url: receiver.url(), life, dead }
    const child = startChild(process.execPath, [program, JSON.stringify(needs)], { env: { NODE_COMPILE_CACHE: cache } })
    await eventually('it runs flows', () => child.output().includes('ready') || undefined, 120_000)
    await pause(dice.integer(LONGEST_LIFE_MS))
    await child.stop('SIGKILL')
    dead.push(life)
  }
  t.diagnostic(`${dead.length} lives`)
  await checkAll()
})

async function running(): Promise<number> {
  const rows = await db.query<{ count: string }>(`select count(*) from activeflows where status = 'running'`)
  return Number(rows[0]?.count ?? 0)
}

async function checkAll(): Promise<void> {
  const events = await db.query<{ type: string; resource_id: string; data: Announced }>(
    `select type, resource_id, data from event_inbox where resource = 'activeflow' order by inbox_id`,
  )
  const asked = new Map<string, Set<string>>()
  for (const { headers } of receiver.received) {
    const key = String(headers['idempotency-key'])
    const [id = ''] = key.split(':')
    asked.set(id, (asked.get(id) ?? new Set()).add(key))
  }
  const byId = Map.groupBy(events, ({ resource_id }) => resource_id)
  for (const [id, told] of byId) {
    const ends = told.filter(({ data }) => data.status === 'ended')
    assert.deepEqual(ends, [told.at(-1)], `${id} ends once, at last`)
    const { executed_actions = [], current_action } = told.at(-1)?.data ?? {}
    told.reduce((before, { data }) => {
      assert.ok(data.executed_actions.length - before <= 1, `${id} tells every step`)
      return data.executed_actions.length
    }, 0)
    const ran = [...executed_actions, ...(current_action ? [current_action] : [])]
    const asking = ran.filter(({ type = '' }) => ['webhook_send', 'fetch', 'call'].includes(type)).length
    assert.ok((asked.get(id)?.size ?? 0) <= asking, `${id}: ${asked.get(id)?.size} keys for ${asking} actions that ask`)
  }
}
