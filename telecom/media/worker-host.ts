import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { FromWorker, ToWorker } from './protocol.ts'

const FIRST_RESTART_MS = 10
const LONGEST_RESTART_MS = 5_000
/** A worker that lived so long has earned a quick restart again. */
const HEALTHY_MS = 10_000

export interface WorkerHostNeeds {
  number: number
  clock: Clock
  log: Log
  onMessage: (message: FromWorker) => void
  /** It crashed: nothing that was sent to it lives any more. */
  onDown: () => void
  /** It is there (again). */
  onUp: () => void
}

/** Keeps one media worker thread running: one that ends without being asked is started again. */
export class WorkerHost {
  readonly #needs: WorkerHostNeeds
  #thread: Worker | undefined
  #up = false
  #stopping = false
  #startedMs = 0
  #restartMs = FIRST_RESTART_MS
  #restart: Timer | undefined

  constructor(needs: WorkerHostNeeds) {
    this.#needs = needs
  }

  get up(): boolean {
    return this.#up
  }

  start(): void {
    this.#startedMs = this.#needs.clock.monotonicMs()
    const worker = new Worker(new URL('./worker/main.ts', import.meta.url), {
      name: `media-${this.#needs.number}`,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 96 },
    })
    this.#thread = worker
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') {
        this.#up = true
        this.#needs.onUp()
      } else this.#needs.onMessage(message)
    })
    worker.on('error', (error) =>
      this.#needs.log.error({ err: error, worker: this.#needs.number }, 'media worker failed'),
    )
    worker.on('exit', () => this.#onExit())
  }

  #onExit(): void {
    this.#thread = undefined
    this.#up = false
    if (this.#stopping) return
    const { clock, log, number } = this.#needs
    if (clock.monotonicMs() - this.#startedMs > HEALTHY_MS) this.#restartMs = FIRST_RESTART_MS
    log.warn({ worker: number, restart_ms: this.#restartMs }, 'media worker ended, starting it again')
    this.#restart = clock.after(this.#restartMs, () => this.start())
    this.#restartMs = Math.min(this.#restartMs * 4, LONGEST_RESTART_MS)
    this.#needs.onDown()
  }

  /** Hands a message over; lost while the worker is down. */
  send(message: ToWorker): void {
    if (this.#up) this.#thread?.postMessage(message)
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#restart?.cancel()
    await this.#thread?.terminate()
  }

  /** Ends the thread as a crash would, for tests of what follows. */
  async crash(): Promise<void> {
    const worker = this.#thread
    if (!worker) return
    const gone = once(worker, 'exit')
    await worker.terminate()
    await gone
  }
}
