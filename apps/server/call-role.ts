import { join } from 'node:path'
import { AgentPresence } from '#managers/agent'
import { Settler } from '#managers/billing'
import {
  CallEngine,
  CallRecovery,
  MeteredUses,
  type OnRecordingEnded,
  RecordingFiles,
  RecordingRecovery,
} from '#managers/call'
import { ClosedCustomers } from '#managers/customer'
import { CallRecorder, RefusalRecorder } from '#managers/explain'
import { FlowRuntime } from '#managers/flow'
import { answerProbes, CarrierNames, CarrierRegistrations, Carriers, HealthWatch } from '#managers/provisioning'
import { ExtensionGate, ExtensionStore, SipRegistrar, TrunkGate, TrunkStore } from '#managers/registrar'
import { createSpeech } from '#managers/tts'
import { WebhookSender } from '#managers/webhook'
import { type Bus, CommandDoor } from '#platform/bus'
import { type Connection, type Database, openDatabase, PostgresLanes } from '#platform/db'
import { wakeSequencer } from '#platform/events'
import { systemIds } from '#platform/ids'
import type { Log } from '#platform/log'
import { Metrics, watchEventLoop } from '#platform/metrics'
import { NodeIdentity } from '#platform/node'
import { AddressGuard, Downloads, OutboundClient, resolveHost } from '#platform/outbound'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { LineDirectory, OutgoingLine } from '#telecom/line'
import { MediaEngine, repairPair } from '#telecom/media'
import { advertisedOn, expandHosts, type ListenerInfo, SipStack } from '#telecom/sip'
import { callAsks } from './call-asks.ts'
import { watchCallRole } from './call-role-metrics.ts'
import { CALL_HEALTH, CALL_METRICS } from './call-role-subjects.ts'
import { capturesOf } from './captures-of.ts'
import type { Config } from './config.ts'
import { PlatformSettings } from './platform-settings.ts'
import { runAll } from './run-all.ts'
import { secretsKey } from './secrets-key.ts'
import { createServices } from './services.ts'
import { Takeover } from './takeover.ts'
import { VERSION } from './version.ts'
import { webhookTarget } from './webhook-target.ts'

export interface CallRoleNeeds {
  config: Config
  connection: Connection
  bus: Bus
  log: Log
  /** Whose calls and phones come by the bare host name. */
  defaultCustomer: string
  /** Another node has taken this life's calls over: it must not go on. */
  onTakenOver: () => void
}

/** SIP, live calls, sound and flows: everything that a phone waits for. */
export class CallRole {
  readonly listeners: readonly ListenerInfo[]
  readonly #drained: (signal: AbortSignal) => Promise<void>
  readonly #stops: (() => Promise<unknown> | undefined)[]

  private constructor(
    listeners: readonly ListenerInfo[],
    drained: (signal: AbortSignal) => Promise<void>,
    stops: (() => Promise<unknown> | undefined)[],
  ) {
    this.listeners = listeners
    this.#drained = drained
    this.#stops = stops
  }

  /** Starts everything and clears up after earlier lives; resolves when SIP answers. */
  static async start(needs: CallRoleNeeds): Promise<CallRole> {
    const { connection, log } = needs
    const db = openDatabase({ connection, clock: systemClock, log, name: 'call', size: 4 })
    try {
      return await CallRole.#startOn(db, needs)
    } catch (error) {
      await db.close()
      throw error
    }
  }

  static async #startOn(db: Database, needs: CallRoleNeeds): Promise<CallRole> {
    const { config, connection, bus, log, defaultCustomer } = needs
    const clock = systemClock
    const ids = systemIds
    const base = config.sipDomain
    const lanes = new PostgresLanes({ connection, clock, ids, log })
    wakeSequencer(bus, db, lanes)
    const { mediaWorkers: workers, mediaPlacement, rtpPorts: ports } = config
    const media = new MediaEngine({ log, workers, placement: mediaPlacement, ports })
    const [node, nonceKey] = await Promise.all([
      NodeIdentity.start({ dataDir: config.dataDir, db, clock, ids, log }),
      new PlatformSettings(db).secret('nonce', ids),
      media.start(),
    ])
    const { node: nodeId, incarnation } = node
    const secrets = new SecretBox(secretsKey(config, ids), ids)
    const services = createServices({
      db,
      clock,
      ids,
      base,
      secrets,
      billingEnforced: config.billing,
      life: incarnation,
    })
    const carriers = new Carriers({ db, bus, clock, log, secrets })
    const outbound = new OutboundClient({ clock, allowPrivate: config.allowPrivateTargets })
    const downloads = new Downloads({ outbound, clock, folder: join(config.dataDir, 'sounds') })
    const speech = createSpeech({ cacheFolder: join(config.dataDir, 'speech'), clock, ids, log })
    const targets = { customer: (id: string) => webhookTarget(services, id) }
    const webhooks = new WebhookSender({ db, bus, clock, ids, outbound, targets })

    const reachable = new AddressGuard(config.allowPrivateTargets)
    const commands = new CommandDoor({ bus, clock })
    const flows: FlowRuntime = new FlowRuntime({
      ...{ db, lanes, bus, clock, ids, log },
      owner: { node: nodeId, incarnation },
      sendWebhook: (customer, request) => webhooks.send(customer, request),
      placeCalls: (_customer, request, key) => engine.place(request, key),
      liveCallOf: (call) => engine.live(call),
      hangupReasonOf: (customer, call) => engine.hangupReasonOf(customer, call),
      asks: callAsks({ live: () => engine, reachable, resolve: resolveHost }),
    })
    node.onTakenOver(() => {
      flows.abandon()
      needs.onTakenOver()
    })
    const files = new RecordingFiles(join(config.dataDir, 'recordings'))
    const onEnded: OnRecordingEnded = (next) => flows.startDetached(next)
    const gate = new ExtensionGate({ clock, base, nonceKey, credentials: new ExtensionStore(db) })
    const trunkGate = new TrunkGate({ clock, base, nonceKey, trunks: new TrunkStore(db) })
    const registrar = new SipRegistrar({ clock, ids, log, db, gate, base, defaultCustomer })
    const callees = { extensions: new ExtensionStore(db), agents: services.agents, emergency: carriers }
    const presence = new AgentPresence({ db, clock, ids, log })
    const directory = new LineDirectory()
    const refusals = new RefusalRecorder({ clock, ids, lanes })
    const recorder = new CallRecorder({
      ...{ clock, log, lanes, bus, captures: capturesOf(config) },
      onRefused: (refused) => refusals.note(refused),
    })
    const { mediaWitness } = recorder
    const engine: CallEngine = new CallEngine({
      witness: recorder,
      line: { mediaWitness },
      ...{ clock, ids, log, lanes, db, bus, media, speech, sounds: downloads, agentRings: presence },
      recordings: { files, storage: services.storageAccounts, onEnded },
      ...{ commands, directory },
      node: nodeId,
      incarnation,
      metering: { reservations: services.reservations, undecidedMs: config.undecidedSeconds * 1_000 },
      admission: { ...services, carriers, callees, base, defaultCustomer, gate, trunkGate },
      anonymousCaps: { perSecond: config.anonymousCallsPerSecond, atOnce: config.anonymousCallsAtOnce },
      prepareIncoming: flows.prepareIncoming,
      callingOut: {
        customers: services.customers,
        outboundConfigs: services.outboundConfigs,
        numbers: services.numbers,
        carriers,
        bindings: (customer, extension) => registrar.bindings(customer, extension),
        flow: (key) => sip.flow(key),
        resolve: (uri) => sip.resolve(uri),
        createOutgoingLine: (options) =>
          new OutgoingLine(options, { clock, ids, log, media, directory, sip, mediaWitness }),
        prepareOutgoing: flows.prepareOutgoing,
      },
    })
    // executions first: what ends with one has no on-complete flow
    const closed = new ClosedCustomers({ db, clock, log, work: [flows, engine] })
    const sipNode = nodeId.replaceAll('-', '').slice(0, 8)
    const sip: SipStack = new SipStack({
      ...{ clock, ids, log },
      node: sipNode,
      incarnation: node.code,
      listeners: expandHosts(config.sipHost).flatMap((host) => {
        const advertised = advertisedOn(host, config.publicAddress)
        const at = { host, port: config.sipPort, ...(advertised ? { advertised } : {}) }
        return [
          { transport: 'udp' as const, ...at },
          { transport: 'tcp' as const, ...at },
        ]
      }),
      mayReach: (address) => reachable.allows(address),
      user: {
        invite: (call) => engine.invite(call),
        request: (request) => registrar.register(request),
        flowClosed: (flow) => {
          registrar.flowClosed(flow)
          if (flow.reliable) registrations.flowClosed(flow)
        },
      },
      flowInstead: async (dialog) => {
        const key = await registrar.flowInstead(dialog.flow)
        return key === undefined ? undefined : sip.flow(key)
      },
      // no two lives of a node share its data folder at the same time: another one of ours is over
      foreignDialog: (owner) => (owner.node === sipNode ? 'dead' : 'unknown'),
      product: `Strowger/${VERSION}`,
      tap: recorder.tap,
    })
    const calls = new CallRecovery({
      ...{ db, sip, carriers, clock, log, agentRings: presence },
      node: nodeId,
      incarnation,
      onClosed: (trx, closed) => flows.endWithCalls(trx, closed),
    })
    const recordings = new RecordingRecovery({
      ...{ db, clock, log, files, repair: repairPair, onEnded },
      node: nodeId,
      incarnation,
    })
    const takeover = new Takeover({ node, calls, recordings, flows, clock, log })

    const carrierNames = new CarrierNames({ clock, log, sip, carriers })
    const healthWatch = new HealthWatch({ db, clock, ids, log, sip, carriers })
    const registrations = new CarrierRegistrations({ db, clock, ids, log, sip, carriers, node: nodeId })

    await carriers.start()
    // before anybody can call: a carrier whose addresses are not known yet would be refused
    await carrierNames.start()
    await sip.start()
    await takeover.start()
    presence.start()
    flows.start()
    healthWatch.start()
    registrations.start()
    const probes = answerProbes({ commands, carriers, sip, clock, mayReach: (address) => reachable.allows(address) })
    registrar.start({ node: sipNode, incarnation: node.code })
    recorder.start()
    engine.start()
    closed.start()
    services.billing.rates.start(log)
    const settler = new Settler({
      ...{ db, bus, clock, log, billing: services.billing, uses: new MeteredUses(db) },
      undecidedSeconds: config.undecidedSeconds,
      livesOver: async (lives) => {
        const others = lives.filter((life) => life !== incarnation)
        if (others.length === 0) return []
        const ended = await node.ended(others.map((life) => ({ incarnation: life })))
        return ended.map((each) => each.incarnation)
      },
    })
    settler.start()
    const metrics = new Metrics()
    const unwatch = watchEventLoop(metrics, 'call')
    watchCallRole(metrics, { sip, media, engine, flows, lanes, recorder })
    const health = bus.respond(CALL_HEALTH, () => db.available())
    const figures = bus.respond(CALL_METRICS, () => metrics.snapshot())

    const drained = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        sip.draining = true
        engine.drain()
        const look = () => {
          if (engine.size === 0 || signal.aborted) resolve()
          else clock.after(100, look)
        }
        look()
      })
    return new CallRole(sip.listeners, drained, [
      async () => {
        sip.draining = true
        health.unsubscribe()
        takeover.stop()
        registrar.stop()
        probes.unsubscribe()
        healthWatch.stop()
        carrierNames.stop()
        await registrations.stop()
        carriers.stop()
        await closed.stop()
        await engine.stop()
      },
      () => flows.stop(),
      () => recorder.stop(),
      () => lanes.stop(1_000),
      () => Promise.all([presence.stop(), settler.stop(), services.billing.rates.stop()]),
      () => sip.stop(),
      () => Promise.all([media.stop(), speech.stop(), node.end()]),
      async () => {
        figures.unsubscribe()
        unwatch()
        outbound.close()
        await db.close()
      },
    ])
  }

  /** Lets nothing new in and resolves when the last call is over, or the signal ends the wait. */
  drain(signal: AbortSignal): Promise<void> {
    return this.#drained(signal)
  }

  /** Ends live calls by BYE, writes what is to be written, and stops. */
  async stop(): Promise<void> {
    await runAll(this.#stops)
  }
}
