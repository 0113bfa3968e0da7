import { join } from 'node:path'
import { Authenticator, BootService, Delegations, LoginService, Tokens } from '#managers/agent'
import { CallService, RecordingFiles, RecordingKeeper, RecordingService } from '#managers/call'
import { AccesskeyUse, FreezeExpiry } from '#managers/customer'
import { ActiveflowService, ActiveflowStore, refuseVariables } from '#managers/flow'
import { Storage, UrlSigner } from '#managers/storage'
import { TimelineService } from '#managers/timeline'
import { WebhookDelivery } from '#managers/webhook'
import { WebSockets } from '#managers/websocket'
import { type Bus, CommandDoor } from '#platform/bus'
import { type Connection, openDatabase } from '#platform/db'
import { PublicEvents, Sequencer, wakeSequencer, watchLedger } from '#platform/events'
import { type HttpServer, Idempotency, openHttpServer, RateLimits } from '#platform/http'
import { systemIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { Metrics, type MetricsSnapshot, metricsText, watchEventLoop } from '#platform/metrics'
import { OutboundClient } from '#platform/outbound'
import { systemClock } from '#platform/time'
import { CALL_HEALTH, CALL_METRICS } from './call-role-subjects.ts'
import { catalogues } from './catalogue.ts'
import { type Config, rateLimitsOf, trustedProxyOf } from './config.ts'
import { PlatformSettings } from './platform-settings.ts'
import { apiRoutes } from './routes.ts'
import { runAll } from './run-all.ts'
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
    const services = createServices({
      db,
      clock,
      ids,
      base: config.sipDomain,
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
    const commands = new CommandDoor({ bus, clock })
    const calls = new CallService({ ...services, db, commands, clock, ids, refuseVariables })
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
    const keeper = new RecordingKeeper({ db, bus, clock, log, files, storage: storage.referenced })
    const activeflows = new ActiveflowService({ db, bus, clock, ids, flows: services.flows })
    const timelines = new TimelineService({ db, calls, flows: services.flows, activeflows })
    const events = new PublicEvents({ db, bus, clock })

    const metrics = new Metrics()
    const unwatchLoop = watchEventLoop(metrics, 'api')
    watchLedger(metrics, db)
    const sockets = new WebSockets({ events, bus, clock, log, metrics, agents: services.agents })
    const trustedProxy = trustedProxyOf(config)
    const expiry = new FreezeExpiry({ lifecycle: services.lifecycle, clock, log })
    const idempotency = new Idempotency({ db, clock, ids, log })
    const sequencer = new Sequencer({ connection, bus, clock, log })
    const server: HttpServer = await openHttpServer({
      routes: apiRoutes({
        ...{ ...services, logins, boots, delegations, calls, recordings, storage, downloads },
        ...{ activeflows, timelines, events, sockets },
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
        ...(config.roles.includes('call') ? { sip: () => isCallRoleReady(bus) } : {}),
      },
      scrape: async () => metricsText([await metrics.snapshot(), ...(await callMetrics(bus))]),
    })

    wakeSequencer(bus, db)
    const outbound = new OutboundClient({ clock, allowPrivate: config.allowPrivateTargets })
    const activeflowStore = new ActiveflowStore(db)
    const delivery = new WebhookDelivery({
      db,
      bus,
      clock,
      ids,
      log,
      outbound,
      targets: {
        customer: (customer) => webhookTarget(customers, customer),
        activeflow: (customer, id) => activeflowStore.webhookTarget(customer, id),
      },
    })
    metrics.gauge('webhook_counts', 'What webhook delivery has counted', ['what'], (gauge) => {
      for (const [what, count] of Object.entries(delivery.counts)) gauge.set(Number(count), { what })
    })
    sequencer.start()
    delivery.start()
    sockets.start()
    idempotency.start()
    storage.sweeper.start()
    expiry.start()
    keeper.start()
    const url = await server.listen(config.httpHost, config.httpPort)
    return new ApiRole(url, [
      () => Promise.all([sockets.stop(), server.close()]),
      () => Promise.all([keeper.stop(), storage.sweeper.stop(), expiry.stop(), idempotency.stop()]),
      () => keyUse.stop(),
      () => delivery.stop(),
      () => sequencer.stop(),
      () => outbound.close(),
      () => db.close(),
      unwatchLoop,
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
