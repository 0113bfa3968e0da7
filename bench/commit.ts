import pg from 'pg'
import type { DatabasePlace } from '#testkit'
import { Samples } from './samples.ts'

/** What one commit of one row takes on this PostgreSQL, milliseconds (median): what everything durable is compared with. */
export async function commitMs(place: DatabasePlace, times = 100): Promise<number> {
  const client = new pg.Client(place)
  await client.connect()
  const took = new Samples()
  await client.query('create table if not exists bench_commits (at timestamptz)')
  for (let time = 0; time < times; time++) {
    const startMs = performance.now()
    await client.query('insert into bench_commits values (now())')
    took.add(performance.now() - startMs)
  }
  await client.end()
  return took.median
}
