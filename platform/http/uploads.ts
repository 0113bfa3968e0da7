import type { IncomingMessage } from 'node:http'
import type { Clock } from '#platform/time'
import type { Endpoint } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { MultipartUpload } from './multipart.ts'
import { DEADLINE_MS } from './needs.ts'
import { Turns } from './turns.ts'
import type { Upload } from './upload.ts'

/** The most files that are taken in at once; so that nobody takes all turns, each customer has some of them. */
const UPLOADS = { most: 100, mostOfOne: 20 }
/** When a customer that sends as many as it may should ask again. */
const RETRY_SECONDS = 1

/** Takes files in, so many at once. */
export class Uploads {
  readonly #clock: Clock
  readonly #turns = new Turns(UPLOADS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Gives the body of a request to whoever takes it; the deadline of the request begins anew with every octet that comes.
   * Throws `RATE_LIMIT_EXCEEDED` or `SERVICE_UNAVAILABLE` while too many are on their way.
   */
  async take<T>(
    { upload, deadlineMs = DEADLINE_MS }: Endpoint,
    exchange: Exchange,
    body: IncomingMessage,
    taker: (upload: Upload) => Promise<T> | T,
  ): Promise<T> {
    const done = this.#turns.take(exchange.identity.customer_id)
    if (done === 'customer') throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: RETRY_SECONDS })
    if (done === 'all') throw apiErrors.SERVICE_UNAVAILABLE()
    const onBytes = () => {
      exchange.deadlineMs = this.#clock.monotonicMs() + deadlineMs
    }
    try {
      const limits = { maxBytes: upload?.maxBytes ?? 0, signal: exchange.signal, onBytes }
      return await taker(new MultipartUpload(body, limits))
    } finally {
      done()
    }
  }
}
