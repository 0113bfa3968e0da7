import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Trunk } from '#carrier'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { CarrierStart, FromCarrier, ToCarrier } from './carrier-worker.ts'
import type { Config } from './config.ts'

/** An address that nothing else of the machine is asked under, so that what comes from it comes from the carrier. */
const HOST = '127.0.0.3'
const RESTART_MS = 1_000
/** A thread that does not stop by then is ended. */
const STOP_MS = 2_000

/** Where the sandbox carrier listens. */
export interface CarrierAddress {
  address: string
  /** Of SIP. */
  port: number
  /** Base URL of its API. */
  api: string
}

/**
 * The sandbox carrier's thread as the main thread sees it. It is begun before it is needed; the platform runs without it where
 * it does not start, and one that ends is started again on the same ports.
 */
export class CarrierThread {
  readonly #config: Config
  readonly #needs: { clock: Clock; log: Log }
  #worker: Worker
  #at: CarrierAddress | undefined
  #trunk: Trunk | undefined
  #restart: Timer | undefined
  #stopping = false
  /** Resolves when it listens, with where; with `undefined` when it does not start. */
  readonly listening: Promise<CarrierAddress | undefined>

  constructor(config: Config, needs: { clock: Clock; log: Log }) {
    this.#config = config
    this.#needs = needs
    const listening = Promise.withResolvers<CarrierAddress | undefined>()
    this.listening = listening.promise
    this.#worker = this.#start((at) => listening.resolve(at))
  }

  /** Which platform it calls. */
  serve(trunk: Trunk): void {
    this.#trunk = trunk
    this.#say({ type: 'serve', trunk })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#restart?.cancel()
    const stopped = Promise.race([once(this.#worker, 'message'), once(this.#worker, 'exit')])
    const patience = this.#needs.clock.after(STOP_MS, () => void this.#worker.terminate())
    this.#say({ type: 'stop' })
    await stopped
    patience.cancel()
    await this.#worker.terminate()
  }

  #start(listening: (at: CarrierAddress | undefined) => void): Worker {
    const { log, clock } = this.#needs
    const worker = new Worker(new URL('./carrier-worker.ts', import.meta.url), {
      workerData: this.#startData(),
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
    })
    worker.on('message', (message: FromCarrier) => {
      if (message.type !== 'listening') return
      const { type: _, ...at } = message
      this.#at = at
      if (this.#trunk) this.#say({ type: 'serve', trunk: this.#trunk })
      listening(at)
    })
    worker.on('error', (error) => log.error({ err: error }, 'the sandbox carrier failed'))
    worker.on('exit', () => {
      listening(undefined)
      if (this.#stopping || !this.#at) return
      log.warn({ restart_ms: RESTART_MS }, 'the sandbox carrier ended, starting it again')
      this.#restart = clock.after(RESTART_MS, () => {
        this.#worker = this.#start(() => {})
      })
    })
    return worker
  }

  #startData(): CarrierStart {
    const { sandboxCarrierPort: port, rtpPorts, dataDir, logLevel } = this.#config
    const { address: host = HOST, port: sipPort = port, api } = this.#at ?? {}
    const apiPort = api === undefined ? (port === 0 ? 0 : port + 1) : Number(new URL(api).port)
    return { host, port: sipPort, apiPort, rtpPorts, folder: join(dataDir, 'carrier'), logLevel }
  }

  #say(message: ToCarrier): void {
    this.#worker.postMessage(message)
  }
}
