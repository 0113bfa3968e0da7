import { join } from 'node:path'
import { Authenticator, BootService, Delegations, LoginService, Mailboxes, Tokens } from '#managers/agent'
import { Auditor, Charges, createPaddle } from '#managers/billing'
import {
  AgentCalls,
  CallControlService,
  CallService,
  ClosedHistories,
  EndedCalls,
  EndedRecordings,
  GroupcallService,
  MediaStreams,
  RecordingFiles,
  RecordingKeeper,
  RecordingRetention,
  RecordingService,
  RouteAttemptStore,
  TransferService,
} from '#managers/call'
import { AccesskeyUse } from '#managers/customer'
import { ExplainService, RecordSource, RecordSweeper, RefusedStore } from '#managers/explain'
import { ActiveflowService, ActiveflowStore, refuseVariables } from '#managers/flow'
import { ChargedNumbers, SandboxVendor } from '#managers/number'
import { PROVISIONING_CHANGED, Probes, ProviderCallService, ProviderSetupService, Telnyx } from '#managers/provisioning'
import { Storage, UrlSigner } from '#managers/storage'
import { TimelineService } from '#managers/timeline'
import {
  ResourceDeliveries,
  WebhookDelivery,
  WebhookService,
  type WebhookTargets,
  watchWebhooks,
} from '#managers/webhook'
import { WebSockets } from '#managers/websocket'
import { type Bus, CommandDoor } from '#platform/bus'
import { type Connection, openDatabase } from '#platform/db'
import { PublicEvents, Sequencer, wakeSequencer, watchEvents } from '#platform/events'
import { type HttpServer, Idempotency, openHttpServer, RateLimits } from '#platform/http'
import { systemIds } from '#platform/ids'
import { Jobs } from '#platform/jobs'
import type { Log } from '#platform/log'
import { MailFolder, MailSender, SmtpTransport } from '#platform/mail'
import { Metrics, type MetricsSnapshot, metricsText, watchEventLoop } from '#platform/metrics'
import { AddressGuard, OutboundClient, pointsInside } from '#platform/outbound'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { paddleSettingsOf } from './billing-settings.ts'
import { CALL_HEALTH, CALL_METRICS } from './call-role-subjects.ts'
import { capturesOf } from './captures-of.ts'
import { catalogues } from './catalogue.ts'
import { type Config, rateLimitsOf, trustedProxyOf } from './config.ts'
import { platformJobs } from './jobs.ts'
import { PlatformSettings } from './platform-settings.ts'
import { apiRoutes } from './routes.ts'
import { runAll } from './run-all.ts'
import { secretsKey } from './secrets-key.ts'
import { createServices } from './services.ts'
import { VERSION } from './version.ts'
import { webhookTarget } from './webhook-target.ts'

export interface ApiRoleNeeds {
  config: Config
  connection: Connection
  bus: Bus
  log: Log
}

/** HTTP and WebSockets, passwords, the ledger's sequencer and webhook delivery: everything that no phone waits for. */
export class ApiRole {
  readonly url: string
  readonly #stops: (() => Promise<void> | void)[]

  private constructor(url: string, stops: (() => Promise<void> | void)[]) {
    this.url = url
    this.#stops = stops
  }

  /** Starts everything; resolves when the API answers. */
  static async start({ config, connection, bus, log }: ApiRoleNeeds): Promise<ApiRole> {
    const clock = systemClock
    const ids = systemIds
    const db = openDatabase({ connection, clock, log, name: 'api' })
    const settings = new PlatformSettings(db)
    const [secret, downloadSecret] = await Promise.all([
      settings.secret('login', ids),
      settings.secret('download', ids),
    ])
    const guard = new AddressGuard(config.allowPrivateTargets)
    const inside = { pointsInside: (uri: string) => pointsInside(uri, guard) }
    const services = createServices({
      ...{ db, clock, ids, base: config.sipDomain, customersStartVerified: config.customersStartVerified },
      ...inside,
      secrets: new SecretBox(secretsKey(config, ids), ids),
      onProvisioningChanged: () => bus.publish(PROVISIONING_CHANGED, {}),
      numberGraceDays: config.numberGraceDays,
      undecidedSeconds: config.undecidedSeconds,
      billingEnforced: config.billing,
      numberVendors: config.sandboxCarrier ? [new SandboxVendor({ ids })] : [],
      onKeyRevoked: (id) => authenticator.forgetAccesskey(id),
      onCustomerState: (id) => authenticator.forgetCustomer(id),
      onAgentChanged: (id) => authenticator.forgetAgent(id),
    })
    const { customers, accesskeys } = services
    const tokens = new Tokens({ secret, clock })
    const keyUse = new AccesskeyUse({ db, clock, log })
    const authenticator = new Authenticator({
      ...{ db, customers, accesskeys, tokens, clock },
      onKeyUsed: (id) => keyUse.used(id),
    })
    const logins = new LoginService({ db, clock, customers, tokens, passwords: services.agents.passwords })
    const boots = new BootService({ customers, directs: services.directs, tokens })
    const delegations = new Delegations({ db, customers, tokens, clock, ids })
    let listensAt = ''
    const mailboxes = new Mailboxes({
      ...{ ...services, db, clock, ids },
      publicUrl: () => config.publicUrl ?? listensAt,
      checksEmail: config.signupChecksEmail,
    })
    const commands = new CommandDoor({ bus, clock })
    const calling = { ...services, db, commands, clock, ids, refuseVariables }
    const calls = new CallService(calling)
    const groupcalls = new GroupcallService(calling)
    const transfers = new TransferService(calling)
    const callControls = new CallControlService({ db, commands, ids })
    const agentCalls = new AgentCalls({ db })
    const outbound = new OutboundClient({ clock, allowPrivate: config.allowPrivateTargets })
    const telnyx = new Telnyx({ outbound, log, fqdn: `pstn.${config.sipDomain}`, port: config.sipPort })
    const providerSetups = new ProviderSetupService({ adapters: { telnyx }, providers: services.providers })
    const probes = new Probes({ commands, ids, trunks: services.trunks })
    const providerCalls = new ProviderCallService({
      ...{ db, clock, ids },
      callThrough: (customer, body, providers) =>
        calls.create(customer, body, {
          metadata: { route_provider_ids: [...providers], skip_source_validation: true, rtp_debug: true },
        }),
    })
    const signer = new UrlSigner({ secret: downloadSecret, clock })
    const files = new RecordingFiles(join(config.dataDir, 'recordings'))
    const { dataDir, s3 } = config
    const storage = new Storage({ db, clock, ids, log, signer, dataDir, s3, accounts: services.storageAccounts })
    const recordings = new RecordingService({
      ...{ db, commands, clock, ids, log, files, signer },
      flows: services.flows,
      accounts: services.storageAccounts,
      storage: storage.referenced,
    })
    const downloads = storage.downloads(recordings.filesOf)
    const keeper = new RecordingKeeper({ db, bus, clock, ids, log, files, storage: storage.referenced })
    const activeflows = new ActiveflowService({ db, bus, clock, ids, flows: services.flows, ...inside })
    const timelines = new TimelineService({ db, calls, flows: services.flows, activeflows })
    const events = new PublicEvents({ db, bus, clock })
    const activeflowStore = new ActiveflowStore(db)
    const targets: WebhookTargets = {
      customer: (customer) => webhookTarget(services, customer),
      activeflow: (customer, id) => activeflowStore.webhookTarget(customer, id),
    }
    const webhooks = new WebhookService({ db, bus, clock, ids, events, targets })
    const captures = capturesOf(config)
    const charges = new Charges(db)
    const explain = new ExplainService({
      calls,
      groupcalls,
      executions: activeflowStore,
      records: new RecordSource({ db, bus }),
      refusals: new RefusedStore(db),
      captures,
      webhooks: new ResourceDeliveries(db),
      routes: new RouteAttemptStore(db),
      log,
      charges: { ofCall: async (customer, id) => charges.of(customer, await calls.chargedIds(customer, id)) },
    })
    const recordSweeper = new RecordSweeper({ db, captures, clock, log, days: config.callRecordDays })

    const metrics = new Metrics()
    const unwatch = watchEventLoop(metrics, 'api')
    watchEvents(metrics, { db, clock })
    const watched = watchWebhooks(metrics, db)
    const mediaStreams = new MediaStreams({ db, commands, clock, ids, metrics })
    const sockets = new WebSockets({ events, bus, clock, log, metrics, agents: services.agents })
    const trustedProxy = trustedProxyOf(config)
    const idempotency = new Idempotency({ db, clock, ids, log })
    const sequencer = new Sequencer({ connection, bus, clock, log })
    const auditor = new Auditor({
      db,
      clock,
      log,
      uses: [new EndedCalls(db), new EndedRecordings(db), new ChargedNumbers(db)],
    })
    const paddle = createPaddle({
      ...{ db, clock, ids, log, outbound, billing: services.billing },
      settings: paddleSettingsOf(config),
    })
    const server: HttpServer = await openHttpServer({
      routes: apiRoutes({
        ...{ ...services, db, logins, boots, delegations, mailboxes, calls, callControls, agentCalls, mediaStreams },
        ...{ groupcalls, transfers, recordings, storage, downloads, activeflows, timelines, explain, events, sockets },
        ...{ webhooks, probes, providerCalls, providerSetups, auditor, paddle },
      }),
      authenticate: authenticator.authenticate,
      catalogues,
      clock,
      ids,
      log,
      metrics,
      version: VERSION,
      idempotency,
      limits: new RateLimits(rateLimitsOf(config), clock),
      ...(trustedProxy ? { trustedProxy } : {}),
      parts: {
        database: () => db.available(),
        ledger: () => sequencer.isWorking,
        billing: () => auditor.health(),
        ...(config.roles.includes('call') ? { sip: () => isCallRoleReady(bus) } : {}),
      },
      scrape: async () => metricsText([await metrics.snapshot(), ...(await callMetrics(bus))]),
    })

    const mailFolder = new MailFolder(join(config.dataDir, 'mails'))
    const from = config.mailFrom ?? { name: 'Strowger', address: `no-reply@${config.sipDomain}` }
    const transport = config.smtpUrl === undefined ? mailFolder : new SmtpTransport({ url: config.smtpUrl, from })
    const mailSender = new MailSender({ db, clock, ids, log, metrics, transport, templates: mailboxes.templates })
    const { lifecycle, numbers, numberRenewals } = services
    const { eventDays } = config
    const removing = { db, clock, files, storage: storage.referenced }
    const closedHistories = new ClosedHistories({ ...removing, accounts: services.storageAccounts })
    const recordingRetention = new RecordingRetention({ ...removing, days: config.recordingDays })
    const jobs = new Jobs({
      ...{ db, clock, ids, log, metrics },
      jobs: platformJobs({
        ...{ db, clock, log, lifecycle, mailboxes, numbers, numberRenewals, idempotency, mailFolder, eventDays },
        ...{ auditor, topUp: services.billing.topUp, spending: services.spending, closedHistories, recordingRetention },
      }),
    })

    wakeSequencer(bus, db)
    const delivery = new WebhookDelivery({ db, bus, clock, ids, log, outbound, targets, ...watched })
    metrics.gauge('webhook_counts', 'What webhook delivery has counted', ['what'], (gauge) => {
      for (const [what, count] of Object.entries(delivery.counts)) gauge.set(Number(count), { what })
    })
    services.billing.rates.start(log)
    sequencer.start()
    delivery.start()
    sockets.start()
    storage.sweeper.start()
    recordSweeper.start()
    keeper.start()
    const url = await server.listen(config.httpHost, config.httpPort)
    listensAt = url
    mailSender.start()
    jobs.start()
    return new ApiRole(url, [
      () => Promise.all([sockets.stop(), mediaStreams.stop(), server.close()]),
      () => Promise.all([jobs.stop(), mailSender.stop(), keeper.stop(), storage.sweeper.stop()]),
      () => Promise.all([keyUse.stop(), recordSweeper.stop(), services.billing.rates.stop()]),
      () => delivery.stop(),
      () => sequencer.stop(),
      () => outbound.close(),
      () => db.close(),
      unwatch,
    ])
  }

  /** Stops in the reverse order of the start; requests in flight end first. */
  async stop(): Promise<void> {
    await runAll(this.#stops)
  }
}

async function isCallRoleReady(bus: Bus): Promise<boolean> {
  try {
    return (await bus.request(CALL_HEALTH, {}, { deadlineMs: 500 })) === true
  } catch {
    return false
  }
}

async function callMetrics(bus: Bus): Promise<MetricsSnapshot[]> {
  try {
    return [(await bus.request(CALL_METRICS, {}, { deadlineMs: 500 })) as MetricsSnapshot]
  } catch {
    return []
  }
}
