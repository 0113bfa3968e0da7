import { randomBytes } from 'node:crypto'
import type { LiveCall, PlaceCallsRequest, PlacedCalls } from '#managers/call'
import { DirectService } from '#managers/direct'
import { threadHub } from '#platform/bus'
import { type AnyTransaction, type Connection, type Database, PostgresLanes } from '#platform/db'
import type { Reason } from '#platform/errors'
import { apiErrors, type Identity, openHttpServer, Permission } from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { AddressGuard, pointsInside } from '#platform/outbound'
import { ManualClock, systemClock } from '#platform/time'
import { ActiveflowService } from '../activeflow-service.ts'
import { flowErrors } from '../errors.ts'
import type { WebhookOutcome, WebhookRequest } from '../needs.ts'
import { activeflowRoutes, flowRoutes } from '../routes.ts'
import { FlowRuntime } from '../runtime.ts'
import { FlowService } from '../service.ts'
import { ringingCall } from './fake-call.ts'

/** Who asks, by access key. */
const IDENTITIES = new Map<string, Identity>()

/** Flows as both roles have them, on a real database and behind real HTTP; calls and the outside are the test's. */
export class FlowPlatform {
  readonly clock = new ManualClock()
  readonly db: Database
  readonly lanes: PostgresLanes
  readonly bus
  readonly flows: FlowService
  readonly activeflows: ActiveflowService
  /** Flows whose numbers were let go. */
  readonly detached: string[] = []
  /** What `webhook_send` sent. */
  readonly sent: WebhookRequest[] = []
  /** Calls that flows wanted made, with their keys. */
  readonly placed: { request: PlaceCallsRequest; key: string }[] = []
  /** What that comes to. */
  placing: () => Promise<PlacedCalls> = async () => ({
    calls: [ringingCall(systemIds.uuid(), systemIds.uuid())],
    groupcalls: [],
    skipped: [],
  })
  /** Live calls by id. */
  readonly live = new Map<string, LiveCall>()
  /** What the next request comes to. */
  outcome: () => Promise<WebhookOutcome> = async () => ({ ok: true, status: 200, body: '{}' })
  runtime: FlowRuntime
  url = ''
  undeclared: () => readonly string[] = () => []
  /** The incarnation that runs flows now. */
  life = ''
  #lives = 0
  #stops: (() => Promise<unknown>)[] = []

  constructor({ db, connection }: { db: Database; connection: Connection }) {
    const basics = { db, clock: systemClock, ids: systemIds }
    const reasons = new Map<string, Reason>()
    for (const reason of [...Object.values(apiErrors), ...Object.values(flowErrors)])
      reasons.set(`${reason.domain}/${reason.reason}`, reason as Reason)
    this.db = db
    this.lanes = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog })
    this.bus = threadHub({ clock: systemClock, log: silentLog, reasons })
    this.flows = new FlowService({
      ...basics,
      directs: new DirectService(basics),
      onFlowDeleted: async (_trx: AnyTransaction, _customer, flow_id) => {
        this.detached.push(flow_id)
      },
    })
    const inside = (uri: string) => pointsInside(uri, new AddressGuard())
    this.activeflows = new ActiveflowService({ ...basics, bus: this.bus, flows: this.flows, pointsInside: inside })
    this.runtime = this.newLife()
  }

  /** Another life of the call role; it has to be started. */
  newLife(): FlowRuntime {
    const { clock, db, lanes, bus } = this
    this.life = `life-${++this.#lives}`
    this.runtime = new FlowRuntime({
      ...{ clock, db, lanes, bus },
      ids: systemIds,
      log: silentLog,
      owner: { node: 'node', incarnation: this.life },
      sendWebhook: (_customer, request) => {
        this.sent.push(request)
        return this.outcome()
      },
      placeCalls: (_customer, request, key) => {
        this.placed.push({ request, key })
        return this.placing()
      },
      liveCallOf: (call_id) => this.live.get(call_id),
    })
    return this.runtime
  }

  /** The call role dies as it stands, and its next life clears up after it. */
  async crash(): Promise<void> {
    const dead = this.life
    this.runtime.abandon()
    await this.newLife().recover([{ incarnation: dead }])
    this.runtime.start()
  }

  /** Serves the API; gives its address. */
  async listen(): Promise<string> {
    const server = await openHttpServer({
      routes: [...flowRoutes(this.flows), ...activeflowRoutes(this.activeflows)],
      authenticate: async ({ accesskey, token }) => {
        const identity = IDENTITIES.get(accesskey ?? token ?? '')
        if (!identity) throw apiErrors.INVALID_CREDENTIALS()
        return identity
      },
      catalogues: [apiErrors, flowErrors],
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      metrics: new Metrics(),
      version: 'test',
      strictReasons: true,
    })
    this.undeclared = () => server.undeclared
    this.#stops.push(() => server.close())
    this.url = await server.listen('127.0.0.1', 0)
    return this.url
  }

  /** A customer's access key. */
  newKey(customer_id: string, permission: number = Permission.CustomerAdmin): string {
    const key = `vb_${randomBytes(20).toString('hex')}`
    IDENTITIES.set(key, { kind: 'accesskey', customer_id, agent_id: customer_id, permission })
    return key
  }

  /** What was announced of this customer, in order. */
  events(customer: string): Promise<{ type: string; resource_id: string; public: boolean; data: Announced }[]> {
    return this.db.query(
      'select type, resource_id, public, data from event_inbox where customer_id = $1 order by inbox_id',
      [customer],
    )
  }

  async stop(): Promise<void> {
    await this.runtime.stop()
    for (const stop of this.#stops) await stop()
    await this.lanes.stop(1_000)
  }
}

/** What tests look at in an announced activeflow. */
export interface Announced {
  status: string
  ended_reason?: string
  executed_actions: { type?: string }[]
  current_action: { type?: string }
}
