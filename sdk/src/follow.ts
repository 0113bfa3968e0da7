import type { Api } from './api.ts'
import type { Event } from './generated/schemas.ts'

/** What is followed, and from where on. */
export interface FollowOptions {
  /** The sequence number behind which to begin; 0, the default, is the oldest event that is kept. */
  after?: number | undefined
  /** Only events of these types. */
  types?: readonly string[] | undefined
  /** Seconds that one request waits for an event; 25 by default, 30 at most. */
  waitSeconds?: number | undefined
  /** Events per request, 1 to 1000. */
  pageSize?: number | undefined
  /** Ends it: the loop ends, nothing is thrown. */
  signal?: AbortSignal | undefined
}

/** Events between the cursor and what the platform still keeps are gone; `after` goes on behind the gap. */
export class EventGapError extends Error {
  /** The first sequence number that is missing. */
  readonly missing: number
  /** Pass it to `follow` to go on with what is there. */
  readonly after: number

  constructor(missing: number, found: number) {
    super(`events ${missing} to ${found - 1} are not kept any more`)
    this.name = 'EventGapError'
    this.missing = missing
    this.after = found - 1
  }
}

/** The cursor is beyond the latest event: it is of another history, such as before a backup was brought back. */
export class EventCursorError extends Error {
  readonly after: number
  /** The number of the latest event that there is. */
  readonly latest: number

  constructor(after: number, latest: number) {
    super(`the cursor ${after} is beyond the latest event, ${latest}`)
    this.name = 'EventCursorError'
    this.after = after
    this.latest = latest
  }
}

/** A page as the platform answers it; older ones do not say what is missing. */
interface EventPage {
  result: Event[]
  next_after: number
  missing?: { first: number; last: number } | null
  latest?: number
}

/** Milliseconds that an answer may take longer than it was asked to wait. */
const GRACE_MS = 15_000
const WAIT_SECONDS = 25
const PAGE_SIZE = 100

/** Events in order. Keep `after` when you have worked on an event, and begin there after a restart. */
export class EventFeed implements AsyncIterable<Event> {
  readonly #api: Api
  readonly #options: FollowOptions
  #after: number

  constructor(api: Api, options: FollowOptions) {
    this.#api = api
    this.#options = options
    this.#after = options.after ?? 0
  }

  /** Behind the last event that was handed out. */
  get after(): number {
    return this.#after
  }

  /**
   * Waits for events for as long as it is read. A broken connection, a restart of the platform and a rate limit are waited
   * for, however long; what somebody has to mend (`PERMISSION_DENIED`, …) is thrown. No event is left out and none comes
   * twice.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    const { signal, types, waitSeconds = WAIT_SECONDS, pageSize: page_size = PAGE_SIZE } = this.#options
    const isWhole = types === undefined || types.length === 0
    const options = {
      signal,
      timeoutMs: waitSeconds * 1_000 + GRACE_MS,
      deadlineMs: Number.POSITIVE_INFINITY,
      backoff: { attempts: Number.POSITIVE_INFINITY },
    }
    for (;;) {
      const query = { after: this.#after, wait: waitSeconds, page_size, types: isWhole ? undefined : types.join(',') }
      let page: EventPage
      try {
        page = await this.#api.send('GET', '/v1.0/events', { query }, options)
      } catch (error) {
        if (signal?.aborted) return
        throw error
      }
      const { missing, latest = this.#after } = page
      if (missing && this.#after > 0) throw new EventGapError(missing.first, missing.last + 1)
      if (latest < this.#after) throw new EventCursorError(this.#after, latest)
      for (const event of page.result) {
        const next = this.#after + 1
        if (isWhole && this.#after > 0 && event.sequence > next) throw new EventGapError(next, event.sequence)
        this.#after = event.sequence
        yield event
        if (signal?.aborted) return
      }
      this.#after = Math.max(this.#after, page.next_after)
    }
  }
}

/** Follows the customer's public events from a cursor on: `for await (const event of follow(api, { after }))`. */
export function follow(api: Api, options: FollowOptions = {}): EventFeed {
  return new EventFeed(api, options)
}
