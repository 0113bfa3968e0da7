import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { Voice, VoiceRequest } from '../voice.ts'
import { fliteText, fliteVoiceName, speaksEnglish } from './flite-names.ts'
import type { FliteAnswer, FliteJob } from './flite-worker.ts'

/** The thread and its compiled module cost memory: they end after so long without work. */
const IDLE_MS = 15_000
const LONGEST_JOB_MS = 30_000

interface Waiting {
  job: FliteJob
  resolve: (wav: Uint8Array) => void
  reject: (error: Error) => void
}

/** flite's voices from WebAssembly, in a thread of their own: needs nothing installed, English only. */
export class FliteVoice implements Voice {
  readonly name = 'flite'
  readonly #folder: string
  readonly #clock: Clock
  readonly #log: Log
  #worker: Worker | undefined
  /** The first one is being spoken. */
  #queue: Waiting[] = []
  #timer: Timer | undefined
  #nextJob = 1
  #stopped = false

  constructor(needs: { folder: string; clock: Clock; log: Log }) {
    this.#folder = join(needs.folder, 'flite')
    this.#clock = needs.clock
    this.#log = needs.log
  }

  async speaks(language: string): Promise<boolean> {
    return speaksEnglish(language)
  }

  render(text: string, request: VoiceRequest): Promise<Uint8Array> {
    const voice = fliteVoiceName(request.voice_id, request.gender)
    const ascii = fliteText(text)
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new Error('the voice has been stopped'))
      this.#queue.push({ job: { job: this.#nextJob++, text: ascii, voice }, resolve, reject })
      if (this.#queue.length === 1) this.#begin()
    })
  }

  /** Hands the first job to the thread. */
  #begin(): void {
    this.#timer?.cancel()
    const [first] = this.#queue
    if (!first) {
      this.#timer = this.#clock.after(IDLE_MS, () => void this.#rest())
      return
    }
    this.#timer = this.#clock.after(LONGEST_JOB_MS, () => void this.#end())
    this.#worker ??= this.#start()
    this.#worker.postMessage(first.job)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./flite-worker.ts', import.meta.url), {
      name: 'flite',
      workerData: { folder: this.#folder },
      // WASI is experimental in Node; that is no news for an operator
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 },
    })
    worker.unref()
    worker.on('message', (answer: FliteAnswer) => this.#onAnswer(answer))
    worker.on('error', (error) => this.#log.error({ err: error }, 'the flite thread failed'))
    worker.on('exit', () => this.#onExit(worker))
    return worker
  }

  #onAnswer(answer: FliteAnswer): void {
    const [first] = this.#queue
    if (!first || first.job.job !== answer.job) return
    this.#queue.shift()
    if ('wav' in answer) first.resolve(answer.wav)
    else first.reject(new Error(answer.issue))
    this.#begin()
  }

  /** A thread that ends while it speaks takes that job with it; the others get a new one. */
  #onExit(worker: Worker): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    const failed = this.#queue.shift()
    failed?.reject(new Error('the voice took too long or failed'))
    if (failed) this.#begin()
  }

  /** Nothing to do: the next job gets a new thread. */
  async #rest(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  /** Ends the thread together with what it speaks. */
  async #end(): Promise<void> {
    await this.#worker?.terminate()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    const queue = this.#queue
    this.#queue = []
    for (const { reject } of queue) reject(new Error('the voice has been stopped'))
    await this.#end()
    this.#timer?.cancel()
  }
}
