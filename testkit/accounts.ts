import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import {
  type AgentRecord,
  AgentService,
  Authenticator,
  migrations as agentMigrations,
  agentRoutes,
  authRoutes,
  BootService,
  Delegations,
  LoginService,
  Mailboxes,
  Tokens,
} from '#managers/agent'
import { agentErrors } from '#managers/agent/errors'
import {
  Auditor,
  BillingService,
  migrations as billingMigrations,
  billingRoutes,
  createPaddle,
  type PaddleSettings,
  paddleRoutes,
  RateDecks,
  Rerater,
  SpendingLimits,
  spendingRoutes,
} from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import { callingCodeOf } from '#managers/call'
import {
  AccesskeyService,
  AccesskeyUse,
  CustomerLifecycle,
  CustomerService,
  migrations as customerMigrations,
  customerRoutes,
  type NewCustomer,
  SYSTEM_CUSTOMER_ID,
} from '#managers/customer'
import { customerErrors } from '#managers/customer/errors'
import { DirectService, migrations as directMigrations, directRoutes } from '#managers/direct'
import { directErrors } from '#managers/direct/errors'
import { flowErrors } from '#managers/flow/errors'
import {
  AvailableNumbers,
  NumberRenewals,
  NumberService,
  type NumberVendor,
  migrations as numberMigrations,
  numberRoutes,
  Vendors,
} from '#managers/number'
import { numberErrors } from '#managers/number/errors'
import { provisioningErrors } from '#managers/provisioning/errors'
import {
  ExtensionService,
  extensionRoutes,
  migrations as registrarMigrations,
  TrunkService,
  trunkRoutes,
} from '#managers/registrar'
import { registrarErrors } from '#managers/registrar/errors'
import {
  type S3Settings,
  Storage,
  StorageAccounts,
  migrations as storageMigrations,
  storageRoutes,
  UrlSigner,
} from '#managers/storage'
import { storageErrors } from '#managers/storage/errors'
import { TagService, migrations as tagMigrations, tagRoutes } from '#managers/tag'
import { tagErrors } from '#managers/tag/errors'
import {
  WebhookRecords,
  WebhookSecrets,
  WebhookService,
  type WebhookTarget,
  type WebhookTargets,
  migrations as webhookMigrations,
  webhookRoutes,
} from '#managers/webhook'
import { type Bus, threadHub } from '#platform/bus'
import type { AnyTransaction, Database, Migration } from '#platform/db'
import type { Catalogue } from '#platform/errors'
import { eventRoutes, PublicEvents } from '#platform/events'
import {
  apiErrors,
  type HttpServer,
  httpMigrations,
  Idempotency,
  openHttpServer,
  Permission,
  type Route,
} from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { MailFolder, MailOutbox, MailSender, type MailTransport, mailMigrations, mailRoutes } from '#platform/mail'
import { Metrics } from '#platform/metrics'
import { AddressGuard, OutboundClient, pointsInside } from '#platform/outbound'
import { ManualClock, systemClock } from '#platform/time'
import { freshDatabase } from './database.ts'
import { type ApiClient, apiClient } from './http.ts'

/** The base domain of the tests. */
export const TEST_BASE = 'strowger.test'
/** Days for which a number whose renewal could not be paid stays. */
export const TEST_GRACE_DAYS = 10
export const TEST_PASSWORD = 'correct horse battery'

/** A customer of a test, with its access key and whatever agents the test asks for. */
export interface TestCustomer {
  id: string
  accesskey: string
  /** Asks with the access key: an admin of the customer. */
  admin: ApiClient
  /** A new agent with these bits, who is logged in. */
  agent(permission: number): Promise<{ id: string; token: string; client: ApiClient }>
}

/** What a test may set. */
export interface TestAccountsOptions {
  s3?: S3Settings
  /** Whether who signs up has to confirm its e-mail address; it has to unless said. */
  checksEmail?: boolean
  /** Whether the identity of new customers counts as verified; it does not unless said. */
  startVerified?: boolean
  /** Who sells telephone numbers; nobody unless said. */
  numberVendors?: readonly NumberVendor[]
  /** What mails leave by. */
  transport?: MailTransport
  /** How the payment provider is set up; it is not unless said. */
  paddle?: PaddleSettings
  /** Whether customers pay; they do unless said. */
  billingEnforced?: boolean
}

const NO_PROVIDER: PaddleSettings = { api: undefined, webhookSecret: undefined, planOfPrice: new Map() }

/** Everything about accounts, really running: PostgreSQL, the services and the HTTP server in front of them. */
export class TestAccounts {
  readonly clock = new ManualClock()
  readonly db: Database
  /** Flows that exist, as `customer_id flow_id`, for what asks whether one does. */
  readonly flows = new Set<string>()
  /** Countries that every customer may call. */
  readonly countries: string[] = ['us']
  readonly billing: BillingService
  readonly auditor: Auditor
  readonly spending: SpendingLimits
  readonly directs: DirectService
  readonly customers: CustomerService
  readonly lifecycle: CustomerLifecycle
  readonly accesskeys: AccesskeyService
  readonly agents: AgentService
  readonly extensions: ExtensionService
  readonly trunks: TrunkService
  readonly numbers: NumberService
  readonly numberRenewals: NumberRenewals
  readonly tags: TagService
  /** Below it uploads wait and files are kept. */
  readonly dataDir = mkdtempSync(join(tmpdir(), 'strowger-data-'))
  readonly storageAccounts: StorageAccounts
  readonly storage: Storage
  /** Targets of activeflows, by the activeflow's id. */
  readonly activeflowTargets = new Map<string, WebhookTarget>()
  readonly bus: Bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
  readonly webhookSecrets: WebhookSecrets
  readonly webhookTargets: WebhookTargets
  readonly webhooks: WebhookService
  readonly tokens: Tokens
  readonly authenticator: Authenticator
  readonly keyUse: AccesskeyUse
  readonly mailboxes: Mailboxes
  /** Sends when it is told to; mails are kept in the data folder unless the tests bring something to send them by. */
  readonly mails: MailSender
  readonly routes: Route[]
  server!: HttpServer
  url = ''
  /** What the links in mails begin with. */
  readonly publicUrl = `https://api.${TEST_BASE}`
  #made = 0

  /** Starts with an empty database, with tables of `others` where asked; all of it ends with the tests of the file. */
  static async start({
    others = [],
    more,
    ...options
  }: TestAccountsOptions & {
    others?: readonly Migration[]
    /** What is served beside accounts, and its reasons. */
    more?: (accounts: TestAccounts) => { routes: Route[]; catalogues: Catalogue[] }
  } = {}): Promise<TestAccounts> {
    const all = [
      ...httpMigrations,
      ...mailMigrations,
      ...billingMigrations,
      ...customerMigrations,
      ...directMigrations,
      ...agentMigrations,
      ...numberMigrations,
      ...registrarMigrations,
      ...tagMigrations,
      ...storageMigrations,
      ...webhookMigrations,
      ...others,
    ]
    const { db } = await freshDatabase(all)
    const accounts = new TestAccounts(db, options)
    await accounts.#listen(more?.(accounts))
    return accounts
  }

  private constructor(db: Database, options: TestAccountsOptions) {
    const { s3, checksEmail = true, startVerified = false, numberVendors = [], transport } = options
    const { paddle: settings = NO_PROVIDER, billingEnforced: enforced = true } = options
    const basics = { db, clock: this.clock, ids: systemIds }
    const mails = new MailOutbox(basics)
    this.db = db
    this.billing = new BillingService({ ...basics, enforced })
    this.auditor = new Auditor({ db, clock: this.clock, log: silentLog })
    this.directs = new DirectService(basics)
    const forget = (id: string) => this.authenticator.forgetAccesskey(id)
    this.accesskeys = new AccesskeyService({ ...basics, onRevoked: forget })
    this.extensions = new ExtensionService({
      ...{ ...basics, plans: this.billing, directs: this.directs, base: TEST_BASE },
      onExtensionDeleted: (trx, customer, extension_id) => this.agents.detachExtension(trx, customer, extension_id),
    })
    this.trunks = new TrunkService({ ...basics, plans: this.billing, base: TEST_BASE })
    this.agents = new AgentService({
      ...basics,
      plans: this.billing,
      directs: this.directs,
      extensions: this.extensions,
      tags: { holdTags: (trx, customer, ids) => this.tags.holdTags(trx, customer, ids) },
      onAgentChanged: (id) => this.authenticator.forgetAgent(id),
    })
    this.customers = new CustomerService({
      ...{ ...basics, billing: this.billing, usernames: this.agents, startVerified },
      pointsInside: (uri) => pointsInside(uri, new AddressGuard()),
    })
    const vendors = new Vendors(numberVendors)
    this.numbers = new NumberService({
      ...basics,
      vendors,
      billing: this.billing,
      customers: this.customers,
      flows: { flowExists: async (customer, flow_id) => this.flows.has(`${customer} ${flow_id}`) },
    })
    this.numberRenewals = new NumberRenewals({
      ...{ ...basics, charges: this.billing, numbers: this.numbers },
      graceDays: TEST_GRACE_DAYS,
    })
    this.tags = new TagService({
      ...basics,
      onTagDeleted: (trx, customer, tag_id) => this.agents.detachTag(trx, customer, tag_id),
    })
    const reached = [this.accesskeys, this.directs, this.numbers, this.extensions, this.trunks, this.tags]
    const owners = [this.billing, this.agents, ...reached]
    const webhookRecords = new WebhookRecords()
    this.lifecycle = new CustomerLifecycle({
      ...basics,
      customers: this.customers,
      billing: this.billing,
      admins: this.agents,
      mails,
      base: TEST_BASE,
      onCustomerDeleted: async (trx, customer) => {
        for (const owner of [...owners, webhookRecords]) await owner.deleteAllOf(trx, customer)
      },
      onStateChanged: (id) => this.authenticator.forgetCustomer(id),
    })
    after(() => rmSync(this.dataDir, { recursive: true, force: true }))
    this.storageAccounts = new StorageAccounts({
      ...basics,
      customerExists: async (id) => (await this.customers.find(id))?.tm_delete === null,
    })
    this.storage = new Storage({
      ...basics,
      log: silentLog,
      dataDir: this.dataDir,
      accounts: this.storageAccounts,
      signer: new UrlSigner({ secret: new Uint8Array(32).fill(2), clock: this.clock }),
      s3,
    })
    this.webhookSecrets = new WebhookSecrets({ ...basics, customers: this.customers })
    this.webhookTargets = {
      customer: async (id) => {
        const customer = await this.customers.find(id)
        if (customer?.tm_delete !== null) return undefined
        const secrets = await this.webhookSecrets.signing(id, customer.webhook_secret)
        return { uri: customer.webhook_uri, method: customer.webhook_method, secrets }
      },
      activeflow: async (_, id) => this.activeflowTargets.get(id),
    }
    const events = new PublicEvents({ db, bus: this.bus, clock: systemClock })
    this.webhooks = new WebhookService({ ...basics, bus: this.bus, events, targets: this.webhookTargets })
    this.tokens = new Tokens({ secret: new Uint8Array(32).fill(1), clock: this.clock })
    const { customers, accesskeys, tokens } = this
    this.keyUse = new AccesskeyUse({ db, clock: this.clock, log: silentLog })
    this.authenticator = new Authenticator({
      ...{ db, customers, accesskeys, tokens, clock: this.clock },
      onKeyUsed: (id) => this.keyUse.used(id),
    })
    const logins = new LoginService({ ...basics, customers, tokens, passwords: this.agents.passwords })
    const boots = new BootService({ customers, directs: this.directs, tokens })
    const delegations = new Delegations({ ...basics, customers, tokens })
    const { agents, lifecycle } = this
    this.mailboxes = new Mailboxes({
      ...{ ...basics, agents, customers, lifecycle, accesskeys, mails, checksEmail },
      publicUrl: () => this.publicUrl,
    })
    this.mails = new MailSender({
      ...{ ...basics, log: silentLog, metrics: new Metrics(), templates: this.mailboxes.templates },
      transport: transport ?? new MailFolder(join(this.dataDir, 'mails')),
    })
    const countriesOf = async () => this.countries
    this.spending = new SpendingLimits({ ...basics, undecidedSeconds: 300, countriesOf, callingCodeOf })
    this.routes = [
      ...customerRoutes({ customers, accesskeys, lifecycle, passwords: logins }),
      ...billingRoutes({
        ...this.billing,
        decks: new RateDecks(basics),
        rerater: new Rerater(db),
        auditor: this.auditor,
      }),
      ...paddleRoutes(
        createPaddle({
          ...{ ...basics, log: silentLog, billing: this.billing, settings },
          outbound: new OutboundClient({ clock: systemClock, allowPrivate: ['127.0.0.0/8'] }),
        }),
      ),
      ...spendingRoutes({
        ...{ customers, accesskeys, agents, extensions: this.extensions },
        spending: this.spending,
      }),
      ...authRoutes({ logins, boots, delegations, agents, mailboxes: this.mailboxes }),
      ...agentRoutes(agents),
      ...numberRoutes({
        numbers: this.numbers,
        numberRenewals: this.numberRenewals,
        availableNumbers: new AvailableNumbers({ db, ids: systemIds, vendors }),
      }),
      ...directRoutes(this.directs),
      ...extensionRoutes(this.extensions, this.agents),
      ...trunkRoutes(this.trunks),
      ...tagRoutes(this.tags),
      ...mailRoutes(db),
      ...eventRoutes(events),
      ...webhookRoutes(this.webhooks, this.webhookSecrets),
      ...storageRoutes({
        storage: this.storage,
        storageAccounts: this.storageAccounts,
        downloads: this.storage.downloads(),
      }),
    ]
  }

  async #listen(more: { routes: Route[]; catalogues: Catalogue[] } = { routes: [], catalogues: [] }) {
    this.server = await openHttpServer({
      routes: [...this.routes, ...more.routes],
      authenticate: this.authenticator.authenticate,
      catalogues: [
        apiErrors,
        agentErrors,
        billingErrors,
        customerErrors,
        directErrors,
        flowErrors,
        numberErrors,
        provisioningErrors,
        registrarErrors,
        storageErrors,
        tagErrors,
        ...more.catalogues,
      ],
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      metrics: new Metrics(),
      version: 'test',
      idempotency: new Idempotency({ db: this.db, clock: systemClock, ids: systemIds, log: silentLog }),
      strictReasons: true,
    })
    this.url = await this.server.listen('127.0.0.1', 0)
    after(() => this.server.close())
  }

  /** A client with these credentials, or without any. */
  client(credentials: { accesskey?: string; token?: string } = {}): ApiClient {
    return apiClient(this.url, credentials)
  }

  /** A new active customer with an access key. */
  async customer(wanted: Partial<NewCustomer> = {}): Promise<TestCustomer> {
    const which = ++this.#made
    let accesskey = ''
    const withKey = async (trx: AnyTransaction, { id }: { id: string }) => {
      accesskey = (await this.accesskeys.createIn(trx, id, { name: 'test' })).token ?? ''
    }
    const base = { name: `customer ${which}`, email: `customer${which}@example.com` }
    const { id } = await this.customers.create({ ...base, ...wanted }, withKey)
    return {
      id,
      accesskey,
      admin: this.client({ accesskey }),
      agent: async (permission) => {
        const username = `agent${++this.#made}@example.com`
        const { id: agent_id, token_version } = await this.#newAgent(id, username, permission)
        const { token } = await this.tokens.sign({ type: 'agent', agent_id, customer_id: id, token_version })
        return { id: agent_id, token, client: this.client({ token }) }
      },
    }
  }

  /** The platform's own customer with its super admin. */
  async superAdmin(): Promise<ApiClient> {
    const email = `root@${TEST_BASE}`
    const root = await this.customer({ id: SYSTEM_CUSTOMER_ID, email, billing: { plan_type: 'unlimited' } })
    return (await root.agent(Permission.ProjectSuperAdmin)).client
  }

  /** Runs a statement that no service offers, to bring about a state. */
  async sql(text: string, values: readonly unknown[] = []): Promise<void> {
    await this.db.query(text, values)
  }

  /** What has been announced, in order, as `type` and `data`. */
  announced(
    customer: string,
  ): Promise<{ type: string; public: boolean; resource_id: string; data: Record<string, unknown> }[]> {
    return this.db.query(
      'select type, public, resource_id, data from event_inbox where customer_id = $1 order by inbox_id',
      [customer],
    )
  }

  async #newAgent(customer: string, username: string, permission: number): Promise<AgentRecord> {
    const create = await this.agents.prepare({ username, password: TEST_PASSWORD, name: username, permission })
    return this.db.transaction((trx) => create(trx, customer))
  }
}
