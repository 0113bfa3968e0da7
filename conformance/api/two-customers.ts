import { AgentService } from '#managers/agent'
import { BillingService } from '#managers/billing'
import { AccesskeyService, CustomerService } from '#managers/customer'
import { DirectService } from '#managers/direct'
import { ExtensionService } from '#managers/registrar'
import { type Database, openDatabase, openServer } from '#platform/db'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type ApiClient, apiClient, type Platform } from '#testkit'

/**
 * The families of `/{family}/{id}` and what makes one of each; calls, groupcalls, transfers and recordings, which only phones
 * can make, and what only a webhook that fails leaves behind, are rows.
 */
export const FAMILIES = [
  'accesskeys',
  'activeflows',
  'agents',
  'calls',
  'extensions',
  'flows',
  'groupcalls',
  'numbers',
  'recordings',
  'storage_accounts',
  'storage_files',
  'tags',
  'transfers',
  'webhook_deliveries',
  'webhook_holds',
] as const
export type Family = (typeof FAMILIES)[number]
export type Owned = Record<Family, string>

/** A connection of the test's own to the database of a running platform. */
export async function databaseOf(platform: Platform): Promise<Database> {
  const server = await openServer({ dataDir: platform.dataDir, clock: systemClock, log: silentLog })
  server.release()
  return openDatabase({ connection: server.connection, clock: systemClock, log: silentLog, name: 'test' })
}

/** A second customer beside the sample one, and its access key. */
export async function secondCustomer(db: Database): Promise<{ id: string; accesskey: string }> {
  const basics = { db, clock: systemClock, ids: systemIds }
  const billing = new BillingService(basics)
  const directs = new DirectService(basics)
  const extensions = new ExtensionService({ ...basics, plans: billing, directs, base: 'strowger.localhost' })
  const agents = new AgentService({
    ...basics,
    plans: billing,
    directs,
    extensions,
    tags: { holdTags: async () => [] },
  })
  const customers = new CustomerService({ ...basics, billing, usernames: agents })
  const accesskeys = new AccesskeyService(basics)
  let accesskey = ''
  const { id } = await customers.create(
    { name: 'Second customer', email: 'second@example.com', billing: { plan_type: 'professional' } },
    async (trx, customer) => {
      accesskey = (await accesskeys.createIn(trx, customer.id, { name: 'second' })).token ?? ''
    },
  )
  return { id, accesskey }
}

/** One of everything, made through the API where that can make it. `which` keeps names apart that must not clash. */
export async function makeOwned(api: ApiClient, db: Database, customer: string, which: number): Promise<Owned> {
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await api.post(`/v1.0${path}`, body)
    if (answer.status > 201) throw new Error(`${path}: ${answer.text}`)
    return answer.body.id
  }
  const named = { name: `owned ${which}`, detail: '' }
  const flows = await make('/flows', { ...named, actions: [{ type: 'answer' }] })
  return {
    flows,
    accesskeys: await make('/accesskeys', named),
    activeflows: await make('/activeflows', { actions: [{ type: 'block' }] }),
    agents: await make('/agents', newAgent(`owned${which}@example.com`, 0)),
    calls: await insertCall(db, customer),
    groupcalls: await insertGroupcall(db, customer),
    transfers: await insertTransfer(db, customer),
    recordings: await insertRecording(db, customer),
    tags: await make('/tags', named),
    webhook_deliveries: await insertDelivery(db, customer),
    webhook_holds: await insertHold(db, customer),
    storage_files: await upload(api),
    storage_accounts: (await api.get('/v1.0/storage_account')).body.id,
    extensions: await make('/extensions', { ...named, extension: `7${which}`, password: 'a long password' }),
    numbers: await make('/numbers', { ...named, number: `+89955500000${which}`, type: 'virtual', call_flow_id: flows }),
  }
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

export const AGENT_PASSWORD = 'correct horse battery'

export function newAgent(username: string, permission: number) {
  const addresses = [{ type: 'sip', target: `${username.split('@')[0]}@phones.example.com` }]
  const texts = { username, password: AGENT_PASSWORD, name: username, detail: '', ring_method: 'ringall' }
  return { ...texts, permission, tag_ids: [], addresses }
}

/** Logs an agent in and gives a client that asks as this agent. */
export async function loggedIn(platform: Platform, username: string, password = AGENT_PASSWORD): Promise<ApiClient> {
  const { body, text } = await apiClient(platform.http).post('/auth/login', { username, password })
  if (!body?.token) throw new Error(text)
  return apiClient(platform.http, { token: body.token })
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

async function insertRecording(db: Database, customer: string): Promise<string> {
  const id = systemIds.uuid()
  await db.query(
    `insert into recordings values ($1, $2, '', $3, $3, 'call', $3, 'ended', 'wav', $3, 'call_x', 1, 2, true, now(), now(),
       now(), null, null, 'test', 'test')`,
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
