import { openDatabase } from '#platform/db'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type DatabasePlace, eventually } from '#testkit'

/** What the database says of everything that was called. */
export interface Books {
  calls: Record<'incoming' | 'outgoing', number>
  /** Of those that went out, legs that were given up while their row was on its way to the disk: nobody was dialled. */
  givenUp: number
  /** Hangup reasons of all calls, by direction. */
  ends: Record<string, number>
  recordings: number
  transfers: number
  groupcalls: number
  activeflows: number
  /** What is not as it should be, each in a line; the aim is none. */
  faults: string[]
}

/** Each gives rows that should not be there. */
const FAULTS: Record<string, string> = {
  'calls that are not over': `select count(*) from calls where status <> 'hangup'`,
  'calls that ended by a fault': `select count(*) from calls where hangup_reason in ('failed', 'timeout', 'dialout', 'noanswer')`,
  'calls without exactly one call_created': perCall(`type = 'call_created'`),
  'calls without exactly one ending event': perCall(`type = 'call_hangup'`),
  'calls without a whole account': `
    select count(*) from calls c left join call_records r on r.call_id = c.id and r.complete where r.call_id is null`,
  'accounts of no call': `select count(*) from call_records r left join calls c on c.id = r.call_id where c.id is null`,
  'activeflows that are not over': `select count(*) from activeflows where status <> 'ended'`,
  'groupcalls that are not over': `select count(*) from groupcalls where status <> 'hangup'`,
  'transfers that are not done': `select count(*) from transfers where status <> 'completed'`,
  'recordings that are not whole': `select count(*) from recordings where status <> 'ended' or not complete`,
  'events without a place in a history': 'select count(*) from event_inbox',
}

/** It reads whole tables. */
const LONGEST_QUERY_MS = 60_000
const SETTLED_MS = 90_000

/** Reads what became of the calls, once everything has been written. */
export async function readBooks(place: DatabasePlace): Promise<Books> {
  const { host: socketFolder, ...rest } = place
  const connection = { socketFolder, ...rest }
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'soak' })
  const query = <Row extends object>(sql: string) => db.withDeadline(LONGEST_QUERY_MS, () => db.query<Row>(sql))
  const count = async (sql: string) => Number((await query<{ count: string }>(sql))[0]?.count)
  const faults = async () => {
    const found: string[] = []
    for (const [what, sql] of Object.entries(FAULTS)) {
      const bad = await count(sql)
      if (bad > 0) found.push(`${bad} ${what}`)
    }
    return found
  }
  try {
    await eventually('everything is written', async () => (await faults()).length === 0, SETTLED_MS).catch(() => {})
    const rows = await query<{ direction: 'incoming' | 'outgoing'; hangup_reason: string; count: number }>(
      'select direction, hangup_reason, count(*)::int from calls group by 1, 2 order by 1, 2',
    )
    const of = (direction: string) =>
      rows.filter((row) => row.direction === direction).reduce((sum, row) => sum + row.count, 0)
    return {
      calls: { incoming: of('incoming'), outgoing: of('outgoing') },
      ends: Object.fromEntries(rows.map((row) => [`${row.direction} ${row.hangup_reason}`, row.count])),
      givenUp: await count(
        `select count(*) from calls where direction = 'outgoing' and hangup_reason = 'cancel' and tm_ringing is null`,
      ),
      recordings: await count('select count(*) from recordings'),
      transfers: await count('select count(*) from transfers'),
      groupcalls: await count('select count(*) from groupcalls'),
      activeflows: await count('select count(*) from activeflows'),
      faults: await faults(),
    }
  } finally {
    await db.close()
  }
}

function perCall(event: string): string {
  return `
    select count(*) from calls c left join (
      select resource_id, count(*) as events from ledger where resource = 'call' and ${event} group by 1
    ) e on e.resource_id = c.id where e.events is distinct from 1`
}
