import { mkdirSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { type ThreadBus, threadHub } from '#platform/bus'
import { openServer, type PostgresServer } from '#platform/db'
import type { Log } from '#platform/log'
import { systemClock } from '#platform/time'
import type { ListenerInfo, RemoteAddress } from '#telecom/sip'
import { ApiThread } from './api-thread.ts'
import { banner } from './banner.ts'
import type { CallRole } from './call-role.ts'
import { CarrierThread } from './carrier-thread.ts'
import type { Config } from './config.ts'
import { readCredentials } from './credentials-file.ts'
import { hostAndPort } from './host-and-port.ts'
import { reasons } from './reasons.ts'
import { runAll } from './run-all.ts'

/** The whole platform in one process: the database, the call role on this thread, the api role on its own. */
export class RunningPlatform {
  readonly #config: Config
  readonly #server: PostgresServer
  readonly #api: ApiThread | undefined
  readonly #call: CallRole | undefined
  readonly #carrier: CarrierThread | undefined
  /** What there is to tell the operator. */
  readonly banner: string
  /** Rejects when a part that cannot be done without ended by itself. */
  readonly failed: Promise<never>

  private constructor(parts: {
    config: Config
    server: PostgresServer
    api: ApiThread | undefined
    call: CallRole | undefined
    carrier: CarrierThread | undefined
    banner: string
    failed: Promise<never>
  }) {
    this.#config = parts.config
    this.#server = parts.server
    this.#api = parts.api
    this.#call = parts.call
    this.#carrier = parts.carrier
    this.banner = parts.banner
    this.failed = parts.failed
  }

  /**
   * Starts it; resolves when API and SIP answer. The api thread and the database come up while this thread still loads what
   * it needs: together they decide how long a start takes.
   */
  static async start(config: Config, log: Log): Promise<RunningPlatform> {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    const bus = threadHub({ clock: systemClock, log, reasons })
    const api = config.roles.includes('api') ? new ApiThread(config, bus.connect()) : undefined
    const carrier =
      config.sandboxCarrier && config.roles.includes('call')
        ? new CarrierThread(config, { clock: systemClock, log })
        : undefined
    const { dataDir, databaseUrl } = config
    const loading = Promise.all([import('./prepare.ts'), import('./call-role.ts')])
    const server = await openServer({ dataDir, databaseUrl, clock: systemClock, log })
    try {
      const [{ prepare }, { CallRole }] = await loading
      return await RunningPlatform.#start(config, log, { bus, api, server, carrier, prepare, CallRole })
    } catch (error) {
      await Promise.all([carrier?.stop(), server.stop()])
      throw error
    }
  }

  static async #start(
    config: Config,
    log: Log,
    parts: {
      bus: ThreadBus
      api: ApiThread | undefined
      server: PostgresServer
      carrier: CarrierThread | undefined
      prepare: typeof import('./prepare.ts').prepare
      CallRole: typeof CallRole
    },
  ): Promise<RunningPlatform> {
    const { bus, api, server, carrier } = parts
    const { connection } = server
    const { customer, isFirst } = await parts.prepare(
      config,
      server,
      log,
      carrier?.listening ?? Promise.resolve(undefined),
    )
    let giveUp: (error: Error) => void = () => {}
    const takenOver = new Promise<never>((_, reject) => {
      giveUp = reject
    })
    takenOver.catch(() => {})
    const onTakenOver = () => giveUp(new Error('another node has taken over the calls of this one'))
    const [apiStart, callStart] = await Promise.allSettled([
      api?.start(connection),
      config.roles.includes('call')
        ? parts.CallRole.start({ config, connection, bus, log, defaultCustomer: customer, onTakenOver })
        : undefined,
    ])
    if (apiStart.status === 'rejected' || callStart.status === 'rejected') {
      // a database that one of our roles still uses would be left running, as if another platform used it
      await Promise.allSettled([
        callStart.status === 'fulfilled' ? callStart.value?.stop() : undefined,
        api?.terminate(),
      ])
      throw apiStart.status === 'rejected' ? apiStart.reason : (callStart as PromiseRejectedResult).reason
    }
    const url = apiStart.value
    const call = callStart.value
    // each address has two listeners, UDP and TCP, on one port
    const sip = [...new Set(call?.listeners.map(({ local }) => hostAndPort(local.address, local.port)))]
    const trunk = trunkOf(call?.listeners ?? [])
    if (trunk) carrier?.serve({ ...trunk, domain: config.sipDomain })
    const credentials = readCredentials(config.dataDir)
    const failed = Promise.race([takenOver, ...(api ? [api.failed] : [])])
    failed.catch(() => {})
    return new RunningPlatform({
      ...{ config, server, api, call, carrier, failed },
      banner: banner({ http: url, sip, credentials, isFirst, dataDir: config.dataDir }),
    })
  }

  /** Waits for live calls as long as the settings say (or until the signal), ends what is left, and stops within 5 s. */
  async stop(endDrain: AbortSignal): Promise<void> {
    if (this.#config.drainSeconds > 0) {
      const patience = new AbortController()
      const timer = systemClock.after(this.#config.drainSeconds * 1000, () => patience.abort())
      await this.#call?.drain(AbortSignal.any([endDrain, patience.signal]))
      timer.cancel()
    }
    const roles = [this.#call?.stop(), this.#api?.stop(), this.#carrier?.stop()]
    await runAll([() => Promise.allSettled(roles), () => this.#server.stop(), () => Promise.all(roles)])
  }
}

/** Where the carrier of this machine reaches us: at the loopback address where we listen there, else at any of IPv4. */
function trunkOf(listeners: readonly ListenerInfo[]): RemoteAddress | undefined {
  const ours = listeners.map(({ local }) => local).filter(({ address }) => isIPv4(address))
  return ours.find(({ address }) => address.startsWith('127.')) ?? ours[0]
}
