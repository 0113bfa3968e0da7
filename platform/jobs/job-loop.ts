import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Counter, Histogram } from '#platform/metrics'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { type Job, nextDueMs, retryDueMs } from './job.ts'
import type { JobStore } from './job-store.ts'

/** It is looked at least so often whether the job is due: another process may have left it undone. */
const LOOK_MS = 60_000
/** A process that says nothing for so long has lost the right to do the job. */
const LEASE_MS = 60_000
const RENEW_MS = LEASE_MS / 4

export interface JobLoopNeeds {
  store: JobStore
  clock: Clock
  ids: Ids
  log: Log
  runs: Counter<'job' | 'outcome'>
  seconds: Histogram<'job'>
}

/** One job of one process: looks whether it is due, does it where nobody else does, and looks again. */
export class JobLoop {
  readonly #job: Job
  readonly #needs: JobLoopNeeds
  readonly #stopping = new AbortController()
  #timer: Timer | undefined
  #looking: Promise<void> = Promise.resolve()
  #isRegistered = false

  constructor(job: Job, needs: JobLoopNeeds) {
    this.#job = job
    this.#needs = needs
  }

  start(): void {
    this.#looking = this.#looking
      .then(() => this.look())
      .then(() => this.#needs.store.dueMs(this.#job.name))
      .catch((err: unknown) => {
        this.#needs.log.warn({ err, job: this.#job.name }, 'it could not be seen whether a job is due')
        return undefined
      })
      .then((dueMs = Number.POSITIVE_INFINITY) => {
        if (this.#stopping.signal.aborted) return
        const waitMs = Math.min(Math.max(dueMs - this.#needs.clock.wallMs(), 1_000), LOOK_MS)
        this.#timer = this.#needs.clock.after(waitMs, () => this.start())
      })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#timer?.cancel()
    await this.#looking
  }

  /** Does the job if it is due and nobody else does it; resolves when it is done. */
  async look(): Promise<void> {
    const { store, clock, ids } = this.#needs
    const { name, schedule } = this.#job
    const nowMs = clock.wallMs()
    if (!this.#isRegistered) await store.register(name, timestamp(nowMs), timestamp(nextDueMs(schedule, nowMs)))
    this.#isRegistered = true
    if (this.#stopping.signal.aborted) return
    const run = ids.uuid()
    const claimed = await store.claim(name, run, timestamp(nowMs), LEASE_MS)
    if (claimed) await this.#run(run, claimed.failures)
  }

  async #run(run: string, failedBefore: number): Promise<void> {
    const { store, clock, log, runs, seconds } = this.#needs
    const { name, schedule } = this.#job
    const startedMs = clock.monotonicMs()
    const isDone = await this.#attempt(run)
    const nowMs = clock.wallMs()
    const failures = isDone ? 0 : failedBefore + 1
    const dueMs = isDone ? nextDueMs(schedule, nowMs) : retryDueMs(schedule, failures, nowMs)
    runs.inc({ job: name, outcome: isDone ? 'done' : 'failed' })
    seconds.observe((clock.monotonicMs() - startedMs) / 1000, { job: name })
    log.debug({ job: name, isDone }, 'a job has ended')
    await store.finish(name, run, { now: timestamp(nowMs), due: timestamp(dueMs), failures })
  }

  /** Whether the job was done. */
  async #attempt(run: string): Promise<boolean> {
    const lost = new AbortController()
    const stopRenewing = this.#renewing(run, lost)
    try {
      await this.#job.run(AbortSignal.any([lost.signal, this.#stopping.signal]))
      return true
    } catch (err) {
      this.#needs.log.warn({ err, job: this.#job.name }, 'a job has failed and is tried again')
      return false
    } finally {
      stopRenewing()
    }
  }

  #renewing(run: string, lost: AbortController): () => void {
    const { store, clock, log } = this.#needs
    const { name } = this.#job
    let timer: Timer
    let ended = false
    const renew = async () => {
      try {
        if (!(await store.renew(name, run, LEASE_MS))) lost.abort()
      } catch (err) {
        log.warn({ err, job: name }, 'the right to do a job could not be kept')
      }
      if (!ended && !lost.signal.aborted) timer = clock.after(RENEW_MS, () => void renew())
    }
    timer = clock.after(RENEW_MS, () => void renew())
    return () => {
      ended = true
      timer.cancel()
    }
  }
}
