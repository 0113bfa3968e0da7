import type { Database } from '#platform/db'
import { exampleOf } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { type ApiClient, eventually, type Json } from '#testkit'
import { endpoints } from './route-table.ts'
import { newAgent } from './two-customers.ts'

/** A customer that has things. */
export interface Owner {
  id: string
  /** An admin of it. */
  api: ApiClient
  /** A super admin. */
  root: ApiClient
  db: Database
}

let made = 0

/**
 * Makes one of a family, new each time, by the API as its owner would; what only phones, mails and webhooks make is a row. A family that is
 * not here is made by `POST /{family}` with the example of its own contract, and where that does not make one, it is missing
 * here.
 */
const FIXTURES: Record<string, (owner: Owner, nr: number) => Promise<string>> = {
  activeflows: async ({ api }) => {
    const id = await post(api, '/activeflows', { actions: [{ type: 'block' }] })
    const stands = async () => (await api.get(`/v1.0/activeflows/${id}`)).body.current_action.type === 'block'
    await eventually('the activeflow stands at its action', stands, 20_000)
    return id
  },
  agents: ({ api }, nr) => post(api, '/agents', newAgent(`owned${nr}@example.com`, 0)),
  billing_accounts: async ({ api }) => (await api.get('/v1.0/billing_account')).body.id,
  billings: async ({ api }) => (await api.get('/v1.0/billings')).body.result[0].id,
  calls: ({ db, id }) => insertCall(db, id),
  groupcalls: ({ db, id }) => insertGroupcall(db, id),
  customers: ({ root }, nr) => post(root, '/customers', customer(nr)),
  extensions: ({ api }, nr) =>
    post(api, '/extensions', { ...named(nr), extension: `7${nr}`, password: 'a long password' }),
  mails: ({ db, id }) => insertMail(db, id),
  numbers: ({ api }, nr) =>
    post(api, '/numbers', { ...named(nr), number: `+8995${String(nr).padStart(8, '0')}`, type: 'virtual' }),
  recordings: ({ db, id }) => insertRecording(db, id),
  storage_accounts: async ({ api }) => (await api.get('/v1.0/storage_account')).body.id,
  storage_files: ({ api }) => upload(api),
  transfers: ({ db, id }) => insertTransfer(db, id),
  webhook_deliveries: ({ db, id }) => insertDelivery(db, id),
  webhook_holds: ({ db, id }) => insertHold(db, id),
}

/** One of a family that belongs to `owner`, made for whoever asks. */
export async function oneOf(family: string, owner: Owner): Promise<string> {
  made++
  const make = FIXTURES[family]
  if (make) return await make(owner, made)
  const create = endpoints.find((each) => each.method === 'POST' && each.path === `/${family}`)
  if (!create?.body)
    throw new Error(`nothing makes one of ${family}: say in conformance/api/fixtures.ts how it comes into being`)
  const byRoot = Array.isArray(create.allow) && create.allow.every((bits) => bits === 1)
  return await post(byRoot ? owner.root : owner.api, create.path, exampleOf(create.body, 'request') as object)
}

function named(nr: number) {
  return { name: `owned ${nr}`, detail: '' }
}

function customer(nr: number) {
  const empty = { phone_number: '', address: '', webhook_method: '', webhook_uri: '' }
  return { ...named(nr), ...empty, email: `owned${nr}@example.org` }
}

async function post(api: ApiClient, path: string, body: object): Promise<string> {
  const { status, text, body: answer } = await api.post(`/v1.0${path}`, body)
  const id = (answer as Json)?.id
  if (status > 201 || typeof id !== 'string') throw new Error(`POST ${path} made none: ${text}`)
  return id
}

async function upload(api: ApiClient): Promise<string> {
  const form = new FormData()
  form.set('type', 'rag')
  form.set('file', new File(['hello'], 'hello.txt'))
  const sent = new Response(form)
  const { body, text } = await api.send('POST', '/v1.0/storage_files', {
    headers: { 'content-type': sent.headers.get('content-type') ?? '' },
    body: new Uint8Array(await sent.arrayBuffer()),
  })
  if (!body?.id) throw new Error(text)
  return body.id
}

async function insertCall(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into calls values ($1, $2, '', $3, $3, $3, 'flow', $3, '{}', $3, '{}', $3, '{}', '{}', 'hangup',
       $4, '{}', 'incoming', '', 'remote', 'normal', now(), now(), now(), now(), null, null, 'test', 'test', null)`,
    [id, customer, NIL_UUID, { id: NIL_UUID, next_id: NIL_UUID, type: '' }],
  )
  return id
}

async function insertRecording(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into recordings values ($1, $2, '', $3, $3, 'call', $3, 'ended', 'wav', $3, 'call_x', 1, 2, true, now(), now(),
       now(), null, null, 'test', 'test')`,
    [id, customer, NIL_UUID],
  )
  return id
}

async function insertGroupcall(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into groupcalls values ($1, $2, '', $3, 'hangup', $3, '{}', '[]', $3, $3, 'ring_all', 'hangup_others', $3, $3,
       '{}', '{}', 0, 0, 0, now(), null, null, 'test', 'test')`,
    [id, customer, NIL_UUID],
  )
  return id
}

async function insertTransfer(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into transfers values ($1, $2, 'blind', 'completed', $3, '[]', $3, $3, $3, now(), null, null, 'test', 'test')`,
    [id, customer, NIL_UUID],
  )
  return id
}

/** A dead letter. */
async function insertDelivery(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into webhook_deliveries (id, kind, endpoint, customer_id, resource_id, position, key, type, sequence, tm_event,
       body, uri, method, content_type, status, attempts, tm_create, tm_update)
     values ($1, 'customer', $2, $3, $1, 1, $4, 'call_hangup', 1, now(), '{}', '', '', '', 'failed', 10, now(), now())`,
    [id, `customer:${customer}`, customer, id],
  )
  return id
}

async function insertHold(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(`insert into webhook_holds values ($1, $2, $3, 'https://example.com/', 'gone', 410, 1, null, now())`, [
    id,
    `activeflow:${id}`,
    customer,
  ])
  return id
}

async function insertMail(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into mails (id, customer_id, kind, recipient, status, tm_due, tm_create)
     values ($1, $2, 'welcome', 'somebody@example.com', 'kept', now(), now())`,
    [id, customer],
  )
  return id
}
