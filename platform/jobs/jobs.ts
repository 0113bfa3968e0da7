import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Metrics } from '#platform/metrics'
import type { Clock } from '#platform/time'
import type { Job } from './job.ts'
import { JobLoop } from './job-loop.ts'
import { JobStore } from './job-store.ts'

export interface JobsNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  metrics: Metrics
  jobs: readonly Job[]
}

/**
 * What the platform does again and again. Each job is done by one process at a time; what was due while none ran is done
 * at the next start; one that fails is tried again after a minute, then ever later, by its next regular time at the latest.
 */
export class Jobs {
  readonly #loops: readonly JobLoop[]

  constructor({ db, clock, ids, log, metrics, jobs }: JobsNeeds) {
    const store = new JobStore(db)
    const runs = metrics.counter('jobs_total', 'Periodic jobs that were done or failed', ['job', 'outcome'])
    const seconds = metrics.histogram('job_seconds', 'How long periodic jobs took', ['job'])
    this.#loops = jobs.map((job) => new JobLoop(job, { store, clock, ids, log, runs, seconds }))
  }

  start(): void {
    for (const loop of this.#loops) loop.start()
  }

  /** Begins nothing more; resolves when what is being done has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()))
  }

  /** Does each job that is due and that nobody else does; resolves when they are done. */
  async look(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.look()))
  }
}
