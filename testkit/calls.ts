import { after } from 'node:test'
import { BillingService, migrations as billingMigrations } from '#managers/billing'
import {
  CallEngine,
  type CallEngineNeeds,
  CallRecovery,
  CallService,
  migrations as callMigrations,
  callRoutes,
  type IncomingCall,
  type LiveCall,
  type LiveCallInput,
} from '#managers/call'
import { callErrors } from '#managers/call/errors'
import { CustomerService, migrations as customerMigrations } from '#managers/customer'
import { DirectService, migrations as directMigrations } from '#managers/direct'
import { NumberService, migrations as numberMigrations } from '#managers/number'
import {
  ExtensionGate,
  ExtensionService,
  ExtensionStore,
  migrations as registrarMigrations,
  SipRegistrar,
} from '#managers/registrar'
import { CommandDoor, threadHub } from '#platform/bus'
import { type Connection, type Database, openDatabase, PostgresLanes } from '#platform/db'
import { apiErrors, openHttpServer, Permission } from '#platform/http'
import { isUuid, NIL_UUID, systemIds } from '#platform/ids'
import { type Log, silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock } from '#platform/time'
import { MediaEngine } from '#telecom/media'
import { SipStack, type Timers } from '#telecom/sip'
import { freshDatabase } from './database.ts'
import { FakePhone } from './fake-phone.ts'
import { type ApiClient, apiClient } from './http.ts'

const BASE = 'strowger.test'

/** What a test's flow does with a call: it is given the call and every input of it. */
export type Script = (live: LiveCall, input: LiveCallInput | { type: 'started' }) => void

/** Parts of the engine to be others than usual; `over` begins a later life on the database of another one. */
export type TestCallsOptions = Partial<CallEngineNeeds> & { over?: TestCalls; sipTimers?: Partial<Timers> }

/** The call role, really running on loopback: SIP, sound, PostgreSQL; only the flow is a script of the test's. */
export class TestCalls {
  readonly base = BASE
  readonly customer: string
  readonly db: Database
  readonly connection: Connection
  readonly node = systemIds.uuid()
  readonly incarnation: string
  readonly lanes: PostgresLanes
  readonly sip: SipStack
  readonly engine: CallEngine
  readonly service: CallService
  readonly commands: CommandDoor
  readonly registrar: SipRegistrar
  readonly recovery: CallRecovery
  /** What was put before the flow hook. */
  readonly prepared: IncomingCall[] = []
  /** Calls whose flow was started, in order, with what they were told. */
  readonly lives: { live: LiveCall; inputs: LiveCallInput[] }[] = []
  /** What the flow does; replaced by tests. */
  script: Script = () => {}
  /** Whether a flow id is one of a flow that exists. */
  flowExists = true
  readonly #services: Services
  readonly #phones: FakePhone[] = []

  private constructor(services: Services, parts: Parts, needs: Partial<CallEngineNeeds>) {
    const { db, connection, customer } = services
    this.#services = services
    this.db = db
    this.connection = connection
    this.customer = customer
    this.lanes = parts.lanes
    this.incarnation = parts.incarnation
    const clock = needs.clock ?? systemClock
    const log: Log = needs.log ?? silentLog
    const gate = new ExtensionGate({ clock, base: BASE, nonceKey: Buffer.alloc(32, 7), credentials: services.store })
    const basics = { clock, ids: systemIds, log, db }
    this.registrar = new SipRegistrar({ ...basics, gate, base: BASE, defaultCustomer: customer })
    const bus = threadHub({ clock, log, reasons: new Map() })
    this.commands = new CommandDoor({ bus, clock })
    const { commands } = this
    this.engine = new CallEngine({
      ...basics,
      node: this.node,
      incarnation: this.incarnation,
      lanes: parts.lanes,
      commands,
      media: parts.media,
      speech: { render: async () => Promise.reject(new Error('no voice')) },
      sounds: { fetch: async () => Promise.reject(new Error('no network')) },
      admission: {
        base: BASE,
        defaultCustomer: customer,
        gate,
        numbers: services.numbers,
        directs: services.directs,
        customers: services.customers,
        billing: services.billing,
      },
      anonymousCaps: { perSecond: 1_000, atOnce: 1_000 },
      prepareIncoming: async (incoming) => {
        this.prepared.push(incoming)
        if (!this.flowExists) return undefined
        return { activeflow_id: systemIds.uuid(), start: (live) => this.#run(live) }
      },
      ...needs,
    })
    this.service = new CallService({ db, commands, clock, ids: systemIds })
    this.sip = new SipStack({
      clock,
      ids: systemIds,
      log,
      node: 'test',
      incarnation: this.incarnation,
      timers: parts.sipTimers,
      listeners: [
        { transport: 'udp', host: '127.0.0.1', port: 0 },
        { transport: 'tcp', host: '127.0.0.1', port: 0 },
      ],
      user: {
        invite: (invite) => this.engine.invite(invite),
        request: (request) => this.registrar.register(request),
        flowClosed: (flow) => this.registrar.flowClosed(flow),
      },
    })
    this.recovery = new CallRecovery({
      ...basics,
      sip: this.sip,
      node: this.node,
      incarnation: this.incarnation,
      onClosed: async () => {},
    })
  }

  /** Starts all of it with an empty database (or on that of another one, as a later life); it ends with the test file. */
  static async start(needs: TestCallsOptions = {}): Promise<TestCalls> {
    const { over, sipTimers = {}, ...rest } = needs
    const services = over ? await laterLife(over.#services) : await startServices()
    const clock = rest.clock ?? systemClock
    const media = new MediaEngine({ log: silentLog, workers: 1, address: '127.0.0.1', ports: portsOfTest() })
    await media.start()
    const lanes = new PostgresLanes({
      connection: services.connection,
      clock,
      ids: systemIds,
      log: rest.log ?? silentLog,
      lanes: 1,
    })
    const incarnation = systemIds.uuid().replaceAll('-', '').slice(0, 8)
    const calls = new TestCalls(services, { lanes, media, incarnation, sipTimers }, rest)
    await calls.sip.start()
    calls.engine.start()
    after(async () => {
      for (const { live } of calls.lives) live.hangup('normal')
      for (const phone of calls.#phones) phone.close()
      await calls.sip.stop()
      await media.stop()
      await lanes.stop(2_000)
    })
    return calls
  }

  /** `host:port` of SIP. */
  get server(): string {
    return `127.0.0.1:${this.sip.listeners[0]?.local.port}`
  }

  /** A phone of an extension with this password (created for it, unless there is none), or a stranger. */
  async phone(
    user: string,
    password?: string,
    options: { domain?: string; customer?: string; transport?: 'udp' | 'tcp' } = {},
  ): Promise<FakePhone> {
    const { customer = this.customer, domain, transport = 'udp' } = options
    if (password !== undefined && !(await this.#services.store.findCredentials(customer, user)))
      await this.#services.extensions.create(customer, { extension: user, password, name: user, detail: '' })
    const phone = await FakePhone.start({
      server: this.server,
      user,
      transport,
      ...(password === undefined ? {} : { password }),
      ...(domain === undefined ? {} : { domain }),
    })
    this.#phones.push(phone)
    return phone
  }

  /** A virtual number, the customer's or another's, with a flow. */
  async number(number: string, options: { customer?: string; flow_id?: string } = {}): Promise<string> {
    const { customer = this.customer, flow_id = systemIds.uuid() } = options
    const wanted = { number, call_flow_id: flow_id, message_flow_id: NIL_UUID, name: '', detail: '' }
    await this.#services.numbers.create(customer, { ...wanted, type: 'virtual' })
    return flow_id
  }

  /** The direct hash of something. */
  async direct(resource_type: 'flow' | 'extension', resource_id: string = systemIds.uuid()): Promise<string> {
    const { directs } = this.#services
    const made = await this.db.transaction((trx) => directs.create(trx, this.customer, { resource_type, resource_id }))
    return made.hash
  }

  /** Another customer. */
  otherCustomer(): Promise<string> {
    return newCustomer(this.#services.customers, `other${systemIds.uuid()}@example.com`)
  }

  /** The events of the customer so far, in order: type and data. */
  async events(customer = this.customer): Promise<{ type: string; data: Record<string, unknown> }[]> {
    return this.db.query(
      `select type, data from event_inbox where customer_id = $1 and resource = 'call' order by inbox_id`,
      [customer],
    )
  }

  /** The API over HTTP; whoever sends a customer's id as its access key is that customer's admin. */
  async api(): Promise<(customer: string) => ApiClient> {
    const server = await openHttpServer({
      routes: callRoutes(this.service),
      authenticate: async ({ accesskey = '', token = '' }) => ({
        kind: 'accesskey',
        customer_id: [accesskey, token].find((each) => isUuid(each)) ?? NIL_UUID,
        agent_id: NIL_UUID,
        permission: Permission.CustomerAdmin,
      }),
      catalogues: [apiErrors, callErrors],
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      metrics: new Metrics(),
      version: 'test',
      strictReasons: true,
    })
    const url = await server.listen('127.0.0.1', 0)
    after(() => server.close())
    return (customer) => apiClient(url, { token: customer })
  }

  #run(live: LiveCall): void {
    const inputs: LiveCallInput[] = []
    this.lives.push({ live, inputs })
    live.subscribe((input) => {
      inputs.push(input)
      this.script(live, input)
    })
    this.script(live, { type: 'started' })
  }
}

interface Parts {
  lanes: PostgresLanes
  media: MediaEngine
  incarnation: string
  sipTimers: Partial<Timers>
}

interface Services {
  db: Database
  connection: Connection
  customer: string
  billing: BillingService
  directs: DirectService
  customers: CustomerService
  extensions: ExtensionService
  numbers: NumberService
  store: ExtensionStore
}

async function startServices(): Promise<Services> {
  const { db, connection } = await freshDatabase([
    ...billingMigrations,
    ...customerMigrations,
    ...directMigrations,
    ...numberMigrations,
    ...registrarMigrations,
    ...callMigrations,
  ])
  const services = servicesOn(db)
  const customer = await newCustomer(services.customers, 'calls@example.com')
  return { ...services, connection, customer }
}

/** The same database over connections of its own, as after a restart. */
async function laterLife(earlier: Services): Promise<Services> {
  const { connection, customer } = earlier
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'later life' })
  after(() => db.close())
  await db.ready(5_000)
  return { ...servicesOn(db), connection, customer }
}

function servicesOn(db: Database) {
  const basics = { db, clock: systemClock, ids: systemIds }
  const billing = new BillingService(basics)
  const directs = new DirectService(basics)
  const customers = new CustomerService({ ...basics, billing })
  const extensions = new ExtensionService({ ...basics, plans: billing, directs, base: BASE })
  const flows = { flowExists: async () => true }
  const numbers = new NumberService({ ...basics, billing, customers, flows })
  return { db, billing, directs, customers, extensions, numbers, store: new ExtensionStore(db) }
}

async function newCustomer(customers: CustomerService, email: string): Promise<string> {
  const { id } = await customers.create({ name: email, email, billing: { plan_type: 'professional' } })
  return id
}

/** A range of its own for each test process. */
function portsOfTest(): { first: number; last: number } {
  const first = 20_000 + systemIds.integer(350) * 100
  return { first, last: first + 399 }
}
