import { once } from 'node:events'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { Connection } from '#platform/db'
import type { FromApi, ToApi } from './api-worker.ts'
import type { Config } from './config.ts'

/** The api role's thread as the main thread sees it. Loading it takes a while, so it is begun before it is needed. */
export class ApiThread {
  readonly #worker: Worker
  /** Rejects when the thread ends without having been asked to. */
  readonly failed: Promise<never>
  #stopping = false

  constructor(config: Config, port: MessagePort) {
    this.#worker = new Worker(new URL('./api-worker.ts', import.meta.url), {
      workerData: { config, port },
      transferList: [port],
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    })
    this.failed = new Promise((_, reject) => {
      this.#worker.once('error', reject)
      this.#worker.once('exit', (code) => {
        if (!this.#stopping) reject(new Error(`the api thread ended (${code})`))
      })
    })
    this.failed.catch(() => {})
  }

  /** Starts the role; resolves with its base URL when it answers. */
  async start(connection: Connection): Promise<string> {
    this.#say({ type: 'start', connection })
    const [message] = (await Promise.race([once(this.#worker, 'message'), this.failed])) as [FromApi]
    return message.type === 'listening' ? message.url : ''
  }

  /** Stops the role and its thread. */
  async stop(): Promise<void> {
    this.#stopping = true
    const stopped = once(this.#worker, 'message')
    this.#say({ type: 'stop' })
    await Promise.race([stopped, once(this.#worker, 'exit')])
    await this.#worker.terminate()
  }

  /** Ends the thread at once, in whatever state it is. */
  async terminate(): Promise<void> {
    this.#stopping = true
    await this.#worker.terminate()
  }

  #say(message: ToApi): void {
    this.#worker.postMessage(message)
  }
}
