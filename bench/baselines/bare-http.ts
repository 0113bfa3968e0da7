/** The HTTP framework and nothing else: a thrown error, one prepared SELECT, one INSERT. */
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import pg from 'pg'
import type { DatabasePlace } from '#testkit'
import { options, say } from '../clients/report.ts'

const POOL = 10

const place = options<DatabasePlace>()
const pool = new pg.Pool({ ...place, max: POOL })
await pool.query('create table if not exists bench_flows (like flows including all)')
const app = fastify()

app.get('/error', () => {
  throw new Error('a thrown error')
})

app.get<{ Params: { id: string } }>('/flows/:id', async ({ params }) => {
  const { rows } = await pool.query({ name: 'get', text: 'select * from flows where id = $1', values: [params.id] })
  return rows[0]
})

app.post<{ Body: { name: string; detail: string; actions: unknown[] } }>('/flows', async ({ body }) => {
  const { rows } = await pool.query({
    name: 'insert',
    text: `insert into bench_flows (id, customer_id, type, name, detail, actions, direct_hash, on_complete_flow_id,
      persist, tm_create) values (gen_random_uuid(), gen_random_uuid(), 'flow', $1, $2, $3, '',
      '00000000-0000-0000-0000-000000000000', true, now()) returning *`,
    values: [body.name, body.detail, JSON.stringify(body.actions)],
  })
  return rows[0]
})

await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address() as AddressInfo
say({ port: address.port })
