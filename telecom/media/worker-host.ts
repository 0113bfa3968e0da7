import { once } from 'node:events'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'

const FIRST_RESTART_MS = 10
const LONGEST_RESTART_MS = 5_000
/** A worker that lived so long has earned a quick restart again. */
const HEALTHY_MS = 10_000

export interface WorkerHostNeeds<From> {
  /** What the thread is called. */
  name: string
  /** What runs in it; its first message is `ready`. */
  script: URL
  limits: ResourceLimits
  clock: Clock
  log: Log
  onMessage: (message: From) => void
  /** It crashed: nothing that was sent to it lives any more. */
  onDown: () => void
  /** It is there (again). */
  onUp: () => void
}

/** Keeps one worker thread running: one that ends without being asked is started again. */
export class WorkerHost<To, From extends { type: string }> {
  readonly #needs: WorkerHostNeeds<From>
  #thread: Worker | undefined
  #up = false
  #stopping = false
  #startedMs = 0
  #restartMs = FIRST_RESTART_MS
  #restart: Timer | undefined

  constructor(needs: WorkerHostNeeds<From>) {
    this.#needs = needs
  }

  get up(): boolean {
    return this.#up
  }

  start(): void {
    this.#startedMs = this.#needs.clock.monotonicMs()
    const { name, script, limits } = this.#needs
    const worker = new Worker(script, { name, resourceLimits: limits })
    this.#thread = worker
    worker.on('message', (message: From) => {
      if (message.type === 'ready') {
        this.#up = true
        this.#needs.onUp()
      } else this.#needs.onMessage(message)
    })
    worker.on('error', (error) => this.#needs.log.error({ err: error, worker: name }, 'a worker thread failed'))
    worker.on('exit', () => this.#onExit())
  }

  #onExit(): void {
    this.#thread = undefined
    this.#up = false
    if (this.#stopping) return
    const { clock, log, name } = this.#needs
    if (clock.monotonicMs() - this.#startedMs > HEALTHY_MS) this.#restartMs = FIRST_RESTART_MS
    log.warn({ worker: name, restart_ms: this.#restartMs }, 'a worker thread ended, starting it again')
    this.#restart = clock.after(this.#restartMs, () => this.start())
    this.#restartMs = Math.min(this.#restartMs * 4, LONGEST_RESTART_MS)
    this.#needs.onDown()
  }

  /** Hands a message over; lost while the worker is down. */
  send(message: To): void {
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
