import { timestamp } from '#platform/time'
import { RecordingRemover, type RecordingRemoverNeeds } from './recording-remover.ts'
import { RecordingStore } from './recording-store.ts'

const DAY_MS = 86_400_000
const BATCH = 100

/** Deletes recordings, with their files, that ended so many days ago; with 0 days they are kept for ever. */
export class RecordingRetention {
  readonly #needs: RecordingRemoverNeeds & { days: number }
  readonly #store: RecordingStore
  readonly #remover: RecordingRemover

  constructor(needs: RecordingRemoverNeeds & { days: number }) {
    this.#needs = needs
    this.#store = new RecordingStore(needs.db)
    this.#remover = new RecordingRemover(needs)
  }

  /** Deletes some, the oldest first; gives how many. */
  async deleteSome(): Promise<number> {
    const { clock, days } = this.#needs
    if (days === 0) return 0
    const old = await this.#store.endedBefore(timestamp(clock.wallMs() - days * DAY_MS), BATCH)
    for (const recording of old) await this.#remover.remove(recording)
    return old.length
  }
}
