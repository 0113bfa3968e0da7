/** Lets events happen at a steady rate, as a manager does: rows of the inbox, committed. */
import pg from 'pg'
import { systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import type { DatabasePlace } from '#testkit'
import { options, say } from './report.ts'

export interface SourceLoad {
  database: DatabasePlace
  customer: string
  perSecond: number
  seconds: number
}

/** Commits each second. */
const COMMITS = 20

const load = options<SourceLoad>()
const client = new pg.Client(load.database)
await client.connect()
const startMs = performance.now()
let made = 0
for (let commit = 0; commit < load.seconds * COMMITS; commit++) {
  const waitMs = startMs + (commit * 1_000) / COMMITS - performance.now()
  if (waitMs > 0) await new Promise<void>((resolve) => systemClock.after(waitMs, resolve))
  const rows = Array.from({ length: load.perSecond / COMMITS }, () => {
    const id = systemIds.uuid()
    return { id, customer_id: load.customer, made_ms: performance.timeOrigin + performance.now() }
  })
  await client.query(
    `insert into event_inbox (id, customer_id, type, resource, resource_id, public, activeflow_id, data, tm_create)
     select gen_random_uuid(), $1, 'call_updated', 'call', (each->>'id')::uuid, true,
       '00000000-0000-0000-0000-000000000000', each, now()
     from jsonb_array_elements($2::jsonb) as each`,
    [load.customer, JSON.stringify(rows)],
  )
  made += rows.length
}
await client.end()
say({ made, tookMs: performance.now() - startMs })
