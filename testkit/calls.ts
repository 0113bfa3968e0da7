import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { AgentPresence, AgentService, migrations as agentMigrations } from '#managers/agent'
import { agentErrors } from '#managers/agent/errors'
import {
  BillingService,
  migrations as billingMigrations,
  Charges,
  ReservationDesk,
  ReservationStore,
  Settler,
} from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import {
  CallControlService,
  CallEngine,
  type CallEngineNeeds,
  CallRecovery,
  CallService,
  callControlRoutes,
  migrations as callMigrations,
  callRoutes,
  type FlowAfterRecording,
  GroupcallService,
  groupcallRoutes,
  type IncomingCall,
  type LiveCall,
  type LiveCallInput,
  MediaStreams,
  MeteredUses,
  mediaStreamRoutes,
  OutboundConfigService,
  type OutgoingCallFlow,
  RecordingFiles,
  RecordingKeeper,
  RecordingRecovery,
  RecordingService,
  RouteAttemptStore,
  recordingRoutes,
  TransferService,
  transferRoutes,
} from '#managers/call'
import { callErrors } from '#managers/call/errors'
import { CustomerService, migrations as customerMigrations } from '#managers/customer'
import { DirectService, migrations as directMigrations } from '#managers/direct'
import {
  CallRecorder,
  Captures,
  type DeliveryAttempts,
  type Execution,
  ExplainService,
  migrations as explainMigrations,
  explainRoutes,
  RecordSource,
  RefusalRecorder,
  RefusedStore,
} from '#managers/explain'
import { refuseVariables } from '#managers/flow'
import { flowErrors } from '#managers/flow/errors'
import { NumberService, migrations as numberMigrations, Vendors } from '#managers/number'
import { numberErrors } from '#managers/number/errors'
import {
  Carriers,
  emergencyNumbers,
  ProviderService,
  migrations as provisioningMigrations,
  RouteService,
} from '#managers/provisioning'
import {
  ExtensionGate,
  ExtensionService,
  ExtensionStore,
  migrations as registrarMigrations,
  SipRegistrar,
  TrunkGate,
  TrunkService,
  TrunkStore,
} from '#managers/registrar'
import { registrarErrors } from '#managers/registrar/errors'
import { Storage, StorageAccounts, migrations as storageMigrations, storageRoutes, UrlSigner } from '#managers/storage'
import { storageErrors } from '#managers/storage/errors'
import { CommandDoor, threadHub } from '#platform/bus'
import { type Connection, type Database, openDatabase, PostgresLanes } from '#platform/db'
import { type Address, apiErrors, openHttpServer, Permission } from '#platform/http'
import { isUuid, NIL_UUID, systemIds } from '#platform/ids'
import { type Log, silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { LineDirectory } from '#telecom/line'
import { MediaEngine, repairPair } from '#telecom/media'
import { type Names, SipStack, type Timers } from '#telecom/sip'
import { freshDatabase } from './database.ts'
import { FakeLine } from './fake-line.ts'
import { FakePhone } from './fake-phone.ts'
import { FakeRecorder } from './fake-recorder.ts'
import { type ApiClient, apiClient } from './http.ts'

/** As long as a call that goes out may talk on while nobody can decide. */
const UNDECIDED_SECONDS = 300
const BASE = 'strowger.test'
const CATALOGUES = [
  ...[agentErrors, apiErrors, billingErrors, callErrors, flowErrors],
  ...[numberErrors, registrarErrors, storageErrors],
]
const REASONS = new Map(
  CATALOGUES.flatMap((catalogue) => Object.values(catalogue).map((each) => [`${each.domain}/${each.reason}`, each])),
)

/** What a test's flow does with a call: it is given the call and every input of it. */
export type Script = (live: LiveCall, input: LiveCallInput | { type: 'started' }) => void

/** Parts of the engine to be others than usual; `over` begins a later life on the database of another one. */
export type TestCallsOptions = Partial<CallEngineNeeds> & {
  over?: TestCalls
  sipTimers?: Partial<Timers>
  names?: Names
}

/** The call role, really running on loopback: SIP, sound, PostgreSQL; only the flow is a script of the test's. */
export class TestCalls {
  readonly base = BASE
  readonly customer: string
  readonly db: Database
  readonly connection: Connection
  readonly node = systemIds.uuid()
  readonly incarnation: string
  /** Lives that are over, as whoever settles reservations is told. */
  readonly deadLives = new Set<string>()
  readonly lanes: PostgresLanes
  readonly media: MediaEngine
  readonly sip: SipStack
  readonly engine: CallEngine
  readonly service: CallService
  readonly groupcalls: GroupcallService
  readonly transfers: TransferService
  readonly directory = new LineDirectory()
  readonly controls: CallControlService
  readonly mediaStreams: MediaStreams
  readonly commands: CommandDoor
  readonly registrar: SipRegistrar
  /** Providers and routes: what is created here is there for calls at once. */
  readonly carriers: Carriers
  readonly providers: ProviderService
  readonly providerRoutes: RouteService
  readonly recovery: CallRecovery
  readonly presence: AgentPresence
  readonly recordings: RecordingService
  readonly recordingRecovery: RecordingRecovery
  readonly recordingFiles: RecordingFiles
  readonly storage: Storage
  readonly storageAccounts: StorageAccounts
  readonly recordingKeeper: RecordingKeeper
  /** What it takes to delete recordings. */
  readonly removing: { db: Database; files: RecordingFiles; storage: Storage['referenced'] }
  readonly captures: Captures
  readonly reservations: ReservationDesk
  readonly settler: Settler
  readonly callRecorder: CallRecorder
  readonly explain: ExplainService
  /** Executions of flows by their id, and what is on record of webhooks, as accounts of calls show them. */
  readonly executions = new Map<string, Execution>()
  readonly deliveries: DeliveryAttempts[] = []
  /** Of the API, once it was asked for. */
  url = ''
  readonly recorder = new FakeRecorder()
  readonly signer: UrlSigner
  /** What was to be started after recordings. */
  readonly followed: FlowAfterRecording[] = []
  /** What was put before the flow hook. */
  readonly prepared: IncomingCall[] = []
  /** What was put before the flow hook of calls that go out, and the calls whose flow was cancelled. */
  readonly outgoing: OutgoingCallFlow[] = []
  readonly cancelled: string[] = []
  /** The lines of calls that go out, in the order in which they were made; a test plays their far ends. */
  readonly lines: FakeLine[] = []
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
    this.media = parts.media
    this.incarnation = parts.incarnation
    const clock = needs.clock ?? systemClock
    const log: Log = needs.log ?? silentLog
    const door = { clock, base: BASE, nonceKey: Buffer.alloc(32, 7) }
    const gate = new ExtensionGate({ ...door, credentials: services.store })
    const basics = { clock, ids: systemIds, log, db }
    this.registrar = new SipRegistrar({ ...basics, gate, base: BASE, defaultCustomer: customer })
    const bus = threadHub({ clock, log, reasons: REASONS })
    const secrets = new SecretBox(new Uint8Array(32).fill(5), systemIds)
    const onChanged = () => void this.carriers.refresh()
    this.carriers = new Carriers({ db, bus, clock, log, secrets })
    this.providers = new ProviderService({ ...basics, secrets, onChanged })
    this.providerRoutes = new RouteService({ ...basics, customers: services.customers, onChanged })
    this.recordingFiles = services.recordingFiles
    const files = this.recordingFiles
    this.storageAccounts = new StorageAccounts({ ...basics, customerExists: async () => true })
    const onEnded = async (next: FlowAfterRecording) => void this.followed.push(next)
    this.commands = new CommandDoor({ bus, clock })
    const { commands } = this
    this.presence = new AgentPresence(basics)
    const captured = { perCall: 1_000_000, perCustomerAndDay: 100_000_000, total: 100_000_000 }
    this.captures = new Captures(join(services.dataDir, 'captures'), captured)
    const refusals = new RefusalRecorder({ ...basics, lanes: parts.lanes })
    this.callRecorder = new CallRecorder({
      ...{ ...basics, bus, lanes: parts.lanes, captures: this.captures },
      onRefused: (refused) => refusals.note(refused),
    })
    this.explain = new ExplainService({
      calls: { get: (customer, id) => this.service.get(customer, id) },
      groupcalls: { ofCall: (customer, call) => this.groupcalls.ofCall(customer, call) },
      executions: { find: async (_, id) => this.executions.get(id) },
      records: new RecordSource({ db, bus }),
      refusals: new RefusedStore(db),
      captures: this.captures,
      webhooks: { ofResource: async () => this.deliveries },
      routes: new RouteAttemptStore(db),
      charges: {
        ofCall: async (customer, id) => new Charges(db).of(customer, await this.service.chargedIds(customer, id)),
      },
      log,
    })
    const { billing } = services
    this.reservations = new ReservationDesk({ ...basics, billing, life: this.incarnation })
    this.settler = new Settler({
      ...{ ...basics, bus, billing, uses: new MeteredUses(db) },
      undecidedSeconds: UNDECIDED_SECONDS,
      livesOver: async (lives) => lives.filter((each) => this.deadLives.has(each)),
    })
    this.engine = new CallEngine({
      ...{ ...basics, agentRings: this.presence, witness: this.callRecorder },
      line: { mediaWitness: this.callRecorder.mediaWitness },
      node: this.node,
      incarnation: this.incarnation,
      lanes: parts.lanes,
      ...{ commands, directory: this.directory },
      media: this.recorder.over(parts.media),
      speech: { render: async () => Promise.reject(new Error('no voice')) },
      sounds: { fetch: async () => Promise.reject(new Error('no network')) },
      admission: {
        base: BASE,
        defaultCustomer: customer,
        gate,
        trunkGate: new TrunkGate({ ...door, trunks: new TrunkStore(db) }),
        numbers: services.numbers,
        carriers: this.carriers,
        directs: services.directs,
        customers: services.customers,
        billing: services.billing,
        callees: { extensions: services.store, agents: services.agents, emergency: this.carriers },
      },
      callingOut: {
        customers: services.customers,
        numbers: services.numbers,
        carriers: this.carriers,
        outboundConfigs: services.outboundConfigs,
        bindings: (customer, extension) => this.registrar.bindings(customer, extension),
        flow: (key) => this.sip.flow(key),
        resolve: (uri) => this.sip.resolve(uri),
        createOutgoingLine: (options) => this.#dialled(new FakeLine(options)),
        prepareOutgoing: async (outgoing) => {
          this.outgoing.push(outgoing)
          if (!this.flowExists) return undefined
          const flow_id = 'flow_id' in outgoing.flow ? outgoing.flow.flow_id : systemIds.uuid()
          return {
            activeflow_id: systemIds.uuid(),
            flow_id,
            start: (live) => this.#run(live),
            cancel: () => this.cancelled.push(outgoing.call.id),
          }
        },
      },
      anonymousCaps: { perSecond: 1_000, atOnce: 1_000 },
      metering: { reservations: this.reservations, undecidedMs: UNDECIDED_SECONDS * 1_000 },
      recordings: { files, storage: this.storageAccounts, onEnded },
      prepareIncoming: async (incoming) => {
        this.prepared.push(incoming)
        if (!this.flowExists) return undefined
        return { activeflow_id: systemIds.uuid(), start: (live) => this.#run(live), cancel: () => {} }
      },
      ...needs,
    })
    const inline = async (_: string, actions: readonly unknown[]) => ({ actions: actions as object[] })
    const calling = {
      ...{ db, commands, clock, ids: systemIds, refuseVariables },
      customers: services.customers,
      flows: { flowExists: async () => this.flowExists, inline },
    }
    this.service = new CallService(calling)
    this.groupcalls = new GroupcallService(calling)
    this.transfers = new TransferService(calling)
    const metrics = new Metrics()
    this.mediaStreams = new MediaStreams({ db, commands, clock: systemClock, ids: systemIds, metrics })
    this.controls = new CallControlService({ db, commands, ids: systemIds })
    this.signer = new UrlSigner({ secret: new Uint8Array(32).fill(3), clock })
    const flows = { flowExists: async () => this.flowExists }
    this.storage = new Storage({
      ...basics,
      signer: this.signer,
      dataDir: services.dataDir,
      accounts: this.storageAccounts,
    })
    const storage = this.storage.referenced
    this.recordings = new RecordingService({
      ...basics,
      commands,
      files,
      flows,
      storage,
      accounts: this.storageAccounts,
      signer: this.signer,
    })
    this.recordingKeeper = new RecordingKeeper({ ...basics, bus, files, storage })
    this.removing = { db, files, storage }
    const owner = { node: this.node, incarnation: this.incarnation }
    this.recordingRecovery = new RecordingRecovery({ ...basics, ...owner, files, repair: repairPair, onEnded })
    this.sip = new SipStack({
      clock,
      ids: systemIds,
      log,
      node: 'test',
      incarnation: this.incarnation,
      timers: parts.sipTimers,
      ...(parts.names ? { names: parts.names } : {}),
      listeners: [
        { transport: 'udp', host: '127.0.0.1', port: 0 },
        { transport: 'tcp', host: '127.0.0.1', port: 0 },
      ],
      user: {
        invite: (invite) => this.engine.invite(invite),
        request: (request) => this.registrar.register(request),
        flowClosed: (flow) => this.registrar.flowClosed(flow),
      },
      flowInstead: async ({ flow }) => {
        const key = await this.registrar.flowInstead(flow)
        return key === undefined ? undefined : this.sip.flow(key)
      },
      tap: this.callRecorder.tap,
    })
    this.recovery = new CallRecovery({
      ...{ ...basics, agentRings: this.presence },
      ...{ sip: this.sip, carriers: this.carriers },
      node: this.node,
      incarnation: this.incarnation,
      onClosed: async () => {},
    })
  }

  /** Starts all of it with an empty database (or on that of another one, as a later life); it ends with the test file. */
  static async start(needs: TestCallsOptions = {}): Promise<TestCalls> {
    const { over, sipTimers = {}, names, ...rest } = needs
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
    const calls = new TestCalls(services, { lanes, media, incarnation, sipTimers, names }, rest)
    await calls.carriers.start()
    await calls.sip.start()
    calls.engine.start()
    calls.callRecorder.start()
    after(async () => {
      for (const { live } of calls.lives) live.hangup('normal')
      for (const line of calls.lines) line.goes()
      for (const phone of calls.#phones) phone.close()
      calls.carriers.stop()
      await calls.sip.stop()
      await media.stop()
      await calls.callRecorder.stop()
      await lanes.stop(2_000)
      await calls.presence.stop()
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
  async direct(resource_type: 'flow' | 'extension' | 'agent', resource_id: string = systemIds.uuid()): Promise<string> {
    const { directs } = this.#services
    const made = await this.db.transaction((trx) => directs.create(trx, this.customer, { resource_type, resource_id }))
    return made.hash
  }

  /** An agent with these addresses; gives its id. */
  async agent(addresses: Address[], ring_method: 'ringall' | 'linear' = 'ringall'): Promise<string> {
    const { agents } = this.#services
    const username = `agent${systemIds.uuid()}@example.com`
    const make = await agents.prepare({
      username,
      password: 'secret-agent',
      name: 'Ann',
      permission: 0,
      addresses,
      ring_method,
    })
    const { id } = await this.db.transaction((trx) => make(trx, this.customer))
    return id
  }

  /** An extension by its number. */
  async extension(extension: string, customer = this.customer): Promise<string> {
    const found = await this.#services.store.findByExtension(customer, extension)
    if (!found) throw new Error(`there is no extension ${extension}`)
    return found.id
  }

  /** Lets the customer call these countries. */
  async allowCountries(...countries: string[]): Promise<void> {
    await this.#services.outboundConfigs.updateOwn(this.customer, { destination_whitelist: countries })
  }

  /** A trunk of the customer; gives its id. `pbx` is its domain name unless said. */
  async trunk(wanted: Partial<Parameters<TrunkService['create']>[1]> = {}): Promise<string> {
    const how = { auth_types: ['basic' as const], username: 'office', password: 'a long password', allowed_ips: [] }
    const base = { name: '', detail: '', domain_name: 'pbx' }
    return (await this.#services.trunks.create(this.customer, { ...base, ...how, ...wanted })).id
  }

  /** Another customer. */
  otherCustomer(): Promise<string> {
    return newCustomer(this.#services.customers, `other${systemIds.uuid()}@example.com`)
  }

  /** The events of the customer so far, in order: type and data. */
  async events(
    customer = this.customer,
    resource = 'call',
  ): Promise<{ type: string; data: Record<string, unknown> }[]> {
    return this.db.query(
      'select type, data from event_inbox where customer_id = $1 and resource = $2 order by inbox_id',
      [customer, resource],
    )
  }

  /** The API over HTTP; whoever sends a customer's id as its access key is that customer's admin. */
  async api(): Promise<(customer: string) => ApiClient> {
    const server = await openHttpServer({
      routes: [
        ...callRoutes(this.service),
        ...groupcallRoutes(this.groupcalls),
        ...transferRoutes(this.transfers),
        ...callControlRoutes(this.controls),
        ...mediaStreamRoutes(this.mediaStreams),
        ...explainRoutes(this.explain),
        ...recordingRoutes(this.recordings),
        ...storageRoutes({
          storage: this.storage,
          storageAccounts: this.storageAccounts,
          downloads: this.storage.downloads(this.recordings.filesOf),
        }),
      ],
      authenticate: async ({ accesskey = '', token = '' }) => ({
        kind: 'accesskey',
        customer_id: [accesskey, token].find((each) => isUuid(each)) ?? NIL_UUID,
        agent_id: NIL_UUID,
        permission: Permission.CustomerAdmin,
      }),
      catalogues: CATALOGUES,
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      metrics: new Metrics(),
      version: 'test',
      strictReasons: true,
    })
    const url = await server.listen('127.0.0.1', 0)
    this.url = url
    after(() => Promise.all([this.mediaStreams.stop(), server.close()]))
    return (customer) => apiClient(url, { token: customer })
  }

  #dialled(line: FakeLine): FakeLine {
    this.lines.push(line)
    return line
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
  names: Names | undefined
}

interface Services {
  db: Database
  connection: Connection
  customer: string
  agents: AgentService
  billing: BillingService
  directs: DirectService
  customers: CustomerService
  extensions: ExtensionService
  numbers: NumberService
  outboundConfigs: OutboundConfigService
  trunks: TrunkService
  store: ExtensionStore
  /** The data folder. */
  dataDir: string
  recordingFiles: RecordingFiles
}

async function startServices(): Promise<Services> {
  const { db, connection } = await freshDatabase([
    ...agentMigrations,
    ...billingMigrations,
    ...customerMigrations,
    ...directMigrations,
    ...numberMigrations,
    ...registrarMigrations,
    ...callMigrations,
    ...storageMigrations,
    ...explainMigrations,
    ...provisioningMigrations,
  ])
  const services = servicesOn(db)
  const customer = await newCustomer(services.customers, 'calls@example.com')
  const dataDir = mkdtempSync(join(tmpdir(), 'strowger-recordings-'))
  after(() => rmSync(dataDir, { recursive: true, force: true }))
  const recordingFiles = new RecordingFiles(join(dataDir, 'recordings'))
  return { ...services, connection, customer, dataDir, recordingFiles }
}

/** The same database over connections of its own, as after a restart. */
async function laterLife(earlier: Services): Promise<Services> {
  const { connection, customer, dataDir, recordingFiles } = earlier
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'later life' })
  after(() => db.close())
  await db.ready(5_000)
  return { ...servicesOn(db), connection, customer, dataDir, recordingFiles }
}

function servicesOn(db: Database) {
  const basics = { db, clock: systemClock, ids: systemIds }
  const billing = new BillingService({ ...basics, holds: new ReservationStore() })
  const directs = new DirectService(basics)
  const customers: CustomerService = new CustomerService({
    ...{ ...basics, billing },
    onCustomerCreated: (trx, customer) => outboundConfigs.createIn(trx, customer),
  })
  const extensions = new ExtensionService({
    ...{ ...basics, plans: billing, directs, base: BASE },
    servesEmergency: emergencyNumbers(db),
  })
  const agents = new AgentService({
    ...basics,
    plans: billing,
    directs,
    extensions,
    tags: { holdTags: async () => [] },
  })
  const flows = { flowExists: async () => true }
  const numbers = new NumberService({ ...basics, billing, customers, flows, vendors: new Vendors([]) })
  const outboundConfigs = new OutboundConfigService({ ...basics, numbers, customers })
  return {
    db,
    outboundConfigs,
    agents,
    billing,
    directs,
    customers,
    extensions,
    numbers,
    trunks: new TrunkService({ ...basics, plans: billing, base: BASE }),
    store: new ExtensionStore(db),
  }
}

async function newCustomer(customers: CustomerService, email: string): Promise<string> {
  const { id } = await customers.create({
    name: email,
    email,
    billing: { plan_type: 'professional', balance_credit: 100_000_000 },
  })
  return id
}

/** A range of its own for each test process. */
function portsOfTest(): { first: number; last: number } {
  const first = 20_000 + systemIds.integer(350) * 100
  return { first, last: first + 399 }
}
