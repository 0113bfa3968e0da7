import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SYSTEM_CUSTOMER_ID } from '#managers/customer'
import { registrarRealm } from '#managers/registrar'
import { Permission } from '#platform/http'
import { type Ids, NIL_UUID, randomText } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { Config } from './config.ts'
import { writeCredentials } from './credentials-file.ts'
import type { PlatformSettings } from './platform-settings.ts'
import { SAMPLE_FLOW_ACTIONS } from './sample-flow.ts'
import type { Services } from './services.ts'

const ADMIN = 'admin@strowger.localhost'
const SAMPLE = 'sample@strowger.localhost'
const SAMPLE_NAME = 'Sample customer'
/** Where the sample customer may call to, once a provider is there. */
const SAMPLE_COUNTRIES = ['us', 'ca', 'gb', 'de', 'fr', 'nl', 'kr', 'jp', 'au']
const EXTENSIONS = ['1000', '1001', '1002']
/** 100 USD, in micros. */
const SAMPLE_CREDIT = 100_000_000
/** Whose calls and phones come by the bare host name. */
const DEFAULT_CUSTOMER = 'default_customer'
/** Virtual numbers that are free for everybody begin here. */
const FIRST_NUMBER = 899_001_000_000
const LAST_NUMBER = 899_999_999_999

export interface FirstRunNeeds {
  settings: PlatformSettings
  services: Services
  ids: Ids
  clock: Clock
  config: Config
  /** Where the platform is reached, for the credentials file. */
  reach: { http: string; sip: string }
}

/** The passwords of a first run; on disk before they are used, so that a run that was cut short can be completed. */
interface Plan {
  admin: string
  agent: string
  extensions: string[]
}

/**
 * Gives an empty platform its super admin and a sample customer that can be called at once, and says in the credentials
 * file how to reach them. Each step finds what an earlier, interrupted run has done. Gives the default customer: the one
 * to whom the bare host name belongs.
 */
export async function firstRun(needs: FirstRunNeeds): Promise<{ customer: string; isFirst: boolean }> {
  const done = await needs.settings.get(DEFAULT_CUSTOMER)
  if (done !== undefined) return { customer: done, isFirst: false }
  const plan = planned(needs)
  await createAdmin(needs, plan)
  const customer = await createSample(needs, plan)
  const number = await createNumber(needs, customer)
  await needs.services.outboundConfigs.updateOwn(customer, { destination_whitelist: SAMPLE_COUNTRIES })
  const key = await needs.services.accesskeys.create(customer, { name: 'sample', detail: 'Made by the first run' })
  const domain = registrarRealm(customer, needs.config.sipDomain)
  writeCredentials(needs.config.dataDir, {
    admin: { username: ADMIN, password: plan.admin },
    customer: { id: customer, name: SAMPLE_NAME, accesskey: key.token ?? '' },
    agent: { username: SAMPLE, password: plan.agent },
    extensions: EXTENSIONS.map((extension, at) => ({ extension, password: plan.extensions[at] ?? '', domain })),
    numbers: [number],
    ...needs.reach,
  })
  await needs.settings.keepFirst(DEFAULT_CUSTOMER, customer)
  rmSync(planPath(needs.config), { force: true })
  return { customer, isFirst: true }
}

function planPath(config: Config): string {
  return join(config.dataDir, 'first-run.json')
}

function planned({ config, ids }: FirstRunNeeds): Plan {
  try {
    return JSON.parse(readFileSync(planPath(config), 'utf8'))
  } catch {
    const plan = {
      admin: config.adminPassword ?? randomText(ids, 20),
      agent: randomText(ids, 20),
      extensions: EXTENSIONS.map(() => randomText(ids, 16)),
    }
    writeFileSync(planPath(config), JSON.stringify(plan), { mode: 0o600 })
    return plan
  }
}

async function createAdmin({ services: { customers, agents } }: FirstRunNeeds, plan: Plan): Promise<void> {
  if (await customers.find(SYSTEM_CUSTOMER_ID)) return
  const makeAdmin = await agents.prepare({
    username: ADMIN,
    password: plan.admin,
    name: 'Super admin',
    permission: Permission.ProjectSuperAdmin,
  })
  await customers.create(
    {
      id: SYSTEM_CUSTOMER_ID,
      name: 'Strowger',
      detail: 'The platform itself',
      email: ADMIN,
      billing: { plan_type: 'unlimited' },
    },
    async (trx, { id }) => void (await makeAdmin(trx, id)),
  )
}

async function createSample({ services }: FirstRunNeeds, plan: Plan): Promise<string> {
  const { customers, agents, extensions } = services
  const made = await agents.ownerOfUsername(SAMPLE)
  if (made !== undefined) return made
  const makeAgent = await agents.prepare({
    username: SAMPLE,
    password: plan.agent,
    name: 'Sample admin',
    permission: Permission.CustomerAdmin,
  })
  const { id } = await customers.create(
    {
      name: SAMPLE_NAME,
      detail: 'Made by the first run; the bare host name belongs to it',
      email: SAMPLE,
      identity_verification_status: 'verified',
      billing: { plan_type: 'professional', balance_credit: SAMPLE_CREDIT },
    },
    async (trx, { id: customer }) => {
      await makeAgent(trx, customer)
      for (const [at, extension] of EXTENSIONS.entries()) {
        const password = plan.extensions[at] ?? ''
        await extensions.createIn(trx, customer, { extension, password, name: `Phone ${extension}`, detail: '' })
      }
    },
  )
  return id
}

async function createNumber({ services, ids }: FirstRunNeeds, customer: string): Promise<string> {
  const { result } = await services.numbers.list(customer, { size: 1 })
  if (result[0]) return result[0].number
  const flow = await services.flows.create(customer, {
    name: 'Sample menu',
    detail: 'A welcome, and an echo test under 1',
    actions: SAMPLE_FLOW_ACTIONS,
  })
  const { number } = await services.numbers.create(customer, {
    number: `+${FIRST_NUMBER + ids.integer(LAST_NUMBER - FIRST_NUMBER + 1)}`,
    type: 'virtual',
    call_flow_id: flow.id,
    message_flow_id: NIL_UUID,
    name: 'Sample number',
    detail: '',
  })
  return number
}
