import type { Clock, Timer } from '#platform/time'
import { judgeFailure } from './failure.ts'
import type { Asked } from './pipeline.ts'
import type { Session } from './session.ts'

/** A read on its way: what is asked, and who waits for the rows. */
export interface KeyRead {
  text: string
  values: readonly string[]
  /** Nobody waits for it any more. */
  isUnwanted(): boolean
  give(rows: object[]): void
  refuse(error: unknown): void
  /** Asks over a connection of its own instead, until the deadline of whoever waits. */
  alone(): void
}

export interface KeyReadsOptions {
  clock: Clock
  open(signal: AbortSignal): Promise<Session>
}

/** The longest that a read is kept before it is answered or goes alone: a batch that is under way, and its own. */
export const KEPT_MS = 1_000

/** Reads in one batch at most. */
const MOST_AT_ONCE = 64
/** A batch that has no answer for so long is in somebody's way: further reads go alone. */
const PATIENCE_MS = 50
/** A connection that gives no answer for so long is cut; the reads of its batch go alone, until their own deadlines. */
const ANSWER_MS = KEPT_MS / 2
const OPEN_MS = 5_000

/**
 * Reads by key for many askers over one connection. The reads of one turn of the event loop, and those that come while a
 * batch is under way, travel together: one write, one answer, and one wake-up on either side, where each alone would cost
 * all of that. What does not come back in time, or fails, is done again alone: a read may be repeated.
 */
export class KeyReads {
  readonly #options: KeyReadsOptions
  readonly #closing = new AbortController()
  #session: Session | undefined
  #opening = false
  #gathered: KeyRead[] = []
  #gathering = false
  #batch: { sentMs: number } | undefined

  constructor(options: KeyReadsOptions) {
    this.#options = options
  }

  /** Answers a read, or sends it off alone, within `KEPT_MS`. */
  add(read: KeyRead): void {
    if (!this.#isReady()) {
      read.alone()
      return
    }
    this.#gathered.push(read)
    if (this.#batch || this.#gathering) return
    this.#gathering = true
    setImmediate(() => {
      this.#gathering = false
      this.#send()
    })
  }

  close(): void {
    this.#closing.abort()
    this.#session?.destroy()
  }

  #isReady(): boolean {
    if (this.#closing.signal.aborted) return false
    if (!this.#session || this.#session.lost) {
      void this.#open()
      return false
    }
    if (this.#gathered.length >= MOST_AT_ONCE) return false
    return !this.#batch || this.#options.clock.monotonicMs() - this.#batch.sentMs < PATIENCE_MS
  }

  #send(): void {
    const reads = this.#gathered.filter((read) => !read.isUnwanted())
    const session = this.#session
    this.#gathered = []
    if (reads.length === 0) return
    if (!session || session.lost) {
      alone(reads)
      return
    }
    const { clock } = this.#options
    this.#batch = { sentMs: clock.monotonicMs() }
    let timer: Timer | undefined
    const pipeline = session.pipeline(reads.map(asked), (failure) => {
      timer?.cancel()
      this.#batch = undefined
      if (failure !== undefined) {
        session.destroy() // what is wrong with it is not worth finding out
        alone(reads.slice(reads.length - pipeline.left.length))
      }
      this.#send()
    })
    timer = clock.after(ANSWER_MS, () => session.destroy())
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#closing.signal.aborted) return
    this.#opening = true
    const { clock, open } = this.#options
    const giveUp = new AbortController()
    const timer = clock.after(OPEN_MS, () => giveUp.abort())
    try {
      const session = await open(AbortSignal.any([giveUp.signal, this.#closing.signal]))
      this.#session = session
    } catch {
      // the next read tries again; until then all go alone
    } finally {
      timer.cancel()
      this.#opening = false
    }
  }
}

function asked({ text, values, give, refuse }: KeyRead): Asked {
  return {
    text,
    values,
    isPrepared: true,
    give: ({ rows }) => give(rows),
    refuse: (error) => refuse(judgeFailure(error)),
  }
}

function alone(reads: readonly KeyRead[]): void {
  for (const read of reads) read.alone()
}
