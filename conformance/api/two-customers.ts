import { AgentService } from '#managers/agent'
import { BillingService } from '#managers/billing'
import { AccesskeyService, CustomerService } from '#managers/customer'
import { DirectService } from '#managers/direct'
import { ExtensionService } from '#managers/registrar'
import { type Database, openDatabase, openServer } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type ApiClient, apiClient, type Platform } from '#testkit'

/** A connection of the test's own to the database of a running platform. */
export async function databaseOf(platform: Platform): Promise<Database> {
  const server = await openServer({ dataDir: platform.dataDir, clock: systemClock, log: silentLog })
  server.release()
  return openDatabase({ connection: server.connection, clock: systemClock, log: silentLog, name: 'test' })
}

/** A second customer beside the sample one, and its access key. */
export async function secondCustomer(db: Database, name = 'second'): Promise<{ id: string; accesskey: string }> {
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
    { name: `${name} customer`, email: `${name}@example.com`, billing: { plan_type: 'professional' } },
    async (trx, customer) => {
      accesskey = (await accesskeys.createIn(trx, customer.id, { name: 'second' })).token ?? ''
    },
  )
  return { id, accesskey }
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
