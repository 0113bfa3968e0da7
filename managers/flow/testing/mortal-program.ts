/**
 * A program that runs flows and is killed as it stands: the runtime on a real database. What flows want of the outside is
 * sent to one address, with the key that it was wanted under. Argument: `MortalNeeds` as JSON.
 */
import { threadHub } from '#platform/bus'
import { type Connection, openDatabase, PostgresLanes } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { FlowRuntime } from '../runtime.ts'
import { ringingCall } from './fake-call.ts'

export interface MortalNeeds {
  connection: Connection
  url: string
  /** This life, and those that are over. */
  life: string
  dead: string[]
}

const needs: MortalNeeds = JSON.parse(process.argv[2] ?? '{}') // our own test wrote it
const { connection, url, life, dead } = needs
const basics = { clock: systemClock, log: silentLog }
const runtime = new FlowRuntime({
  ...basics,
  ids: systemIds,
  db: openDatabase({ connection, ...basics, name: life }),
  lanes: new PostgresLanes({ connection, ...basics, ids: systemIds }),
  bus: threadHub({ ...basics, reasons: new Map() }),
  owner: { node: 'node', incarnation: life },
  sendWebhook: async (_customer, { key, data }) => {
    const answer = await send(key, data)
    return { ok: true, status: answer.status, body: await answer.text() }
  },
  placeCalls: async (customer, request, key) => {
    await send(key, JSON.stringify(request))
    return { calls: [ringingCall(systemIds.uuid(), customer)], groupcalls: [], skipped: [] }
  },
  liveCallOf: () => undefined,
})
await runtime.recover(dead.map((incarnation) => ({ incarnation })))
runtime.start()
console.log('ready')

function send(key: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'idempotency-key': key, 'content-type': 'application/json' }, body })
}
