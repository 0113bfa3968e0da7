import { buildResponse } from '../message/build-response.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Flow } from '../transport/flow.ts'
import type { KeptTransaction } from './kept-transaction.ts'

/**
 * One request that came in, for whoever answers it (RFC 3261 §17.2). Goes with the last who holds it; what is needed for
 * repetitions of the request is kept apart.
 */
export class ServerTransaction {
  readonly request: SipRequest
  readonly flow: Flow
  readonly #kept: KeptTransaction

  constructor(request: SipRequest, flow: Flow, kept: KeptTransaction) {
    this.request = request
    this.flow = flow
    this.#kept = kept
  }

  /** Begins it; an INVITE is answered 100 at once (§17.2.1). */
  begin(): void {
    this.#kept.begin()
    if (this.request.method === 'INVITE') this.respond(buildResponse(this.request, 100))
  }

  /** Whether a final response has been given. */
  get answered(): boolean {
    return this.#kept.answered
  }

  /** The tag that our responses to this request carry, so that 200 to CANCEL and 487 agree. */
  get localTag(): string | undefined {
    return this.#kept.localTag
  }

  set localTag(tag: string) {
    this.#kept.localTag = tag
  }

  /** Hears of an ACK that belongs to a 2xx. */
  set onAck(run: ((ack: SipRequest) => void) | undefined) {
    this.#kept.onAck = run
  }

  /** Hears of a CANCEL that comes before the final response. */
  set onCancel(run: (cancel: SipRequest) => void) {
    this.#kept.onCancel = run
  }

  /**
   * Gives a response; a second final one is ignored (but for the dialog's repetitions of its 2xx). Throws a `SipError`, and
   * has done nothing, for one that cannot be written.
   */
  respond(response: SipResponse): void {
    this.#kept.respond(response)
  }
}
