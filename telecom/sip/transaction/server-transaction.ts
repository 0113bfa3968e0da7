import type { Clock } from '#platform/time'
import type { Counters } from '../counters.ts'
import { buildResponse } from '../message/build-response.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import type { Timers } from '../timers.ts'
import type { Flow } from '../transport/flow.ts'
import { type Input as InviteInput, inviteServer, type Tell } from './invite-server.ts'
import { type Input as NonInviteInput, nonInviteServer } from './non-invite-server.ts'
import { Runner } from './runner.ts'

/** What a server transaction needs of the stack. */
export interface ServerNeeds {
  readonly clock: Clock
  readonly timers: Timers
  readonly counters: Counters
  /** The transaction has terminated and is to be forgotten. */
  ended(transaction: ServerTransaction): void
}

/** One request that came in, and its answers (RFC 3261 §17.2). An INVITE is answered 100 by `begin`. */
export class ServerTransaction {
  readonly key: string
  readonly mergeKey: string | undefined
  readonly request: SipRequest
  readonly flow: Flow
  readonly #counters: Counters
  readonly #invite: Runner<{ at: string }, InviteInput, SipResponse, Tell> | undefined
  readonly #other: Runner<{ at: string }, NonInviteInput, SipResponse, Tell> | undefined
  #lastSent: SipResponse | undefined
  #lastBytes: Buffer | undefined
  #finalStatus: number | undefined
  /** Hears of an ACK that belongs to a 2xx. */
  onAck: ((ack: SipRequest) => void) | undefined
  /** Hears of a CANCEL; true when it cancelled something. */
  onCancel: ((cancel: SipRequest) => void) | undefined
  /** The tag that our responses to this request carry, so that 200 to CANCEL and 487 agree. */
  localTag: string | undefined

  constructor(at: { key: string; mergeKey: string | undefined; request: SipRequest; flow: Flow }, needs: ServerNeeds) {
    this.key = at.key
    this.mergeKey = at.mergeKey
    this.request = at.request
    this.flow = at.flow
    this.#counters = needs.counters
    const { reliable } = at.flow
    const { timers } = needs
    const runnerNeeds = {
      clock: needs.clock,
      send: (response: SipResponse, again: boolean, failed: (error: Error) => void) =>
        this.#send(response, again, failed),
      tell: (tell: Tell) => this.#tell(tell),
      ended: () => needs.ended(this),
    }
    if (at.request.method === 'INVITE') {
      const trying = buildResponse(at.request, 100)
      this.#invite = new Runner(inviteServer({ trying, reliable, timers }), runnerNeeds)
    } else {
      this.#other = new Runner(nonInviteServer({ reliable, timers }), runnerNeeds)
    }
  }

  /** Whether a final response has been given. */
  get answered(): boolean {
    return this.#finalStatus !== undefined
  }

  /** Whether the same request over another path would do the same thing twice: it is open, or it has begun a call. */
  get ongoing(): boolean {
    return this.#finalStatus === undefined || (this.#invite !== undefined && this.#finalStatus < 300)
  }

  begin(): void {
    this.#invite?.begin()
    this.#other?.begin()
  }

  /** Gives a response; a second final one is ignored (but for the dialog's repetitions of its 2xx). */
  respond(response: SipResponse): void {
    if (response.status >= 200) {
      this.#finalStatus ??= response.status
      this.onCancel = undefined // too late; a transaction outlives its call, and keeps nothing of it
    }
    this.#invite?.on({ type: 'respond', response })
    this.#other?.on({ type: 'respond', response })
  }

  /** The same request came again. */
  again(): void {
    this.#invite?.on({ type: 'invite again' })
    this.#other?.on({ type: 'request again' })
  }

  ack(ack: SipRequest): void {
    this.#invite?.on({ type: 'ack', ack })
  }

  drop(): void {
    this.#invite?.drop()
    this.#other?.drop()
  }

  #tell(tell: Tell): void {
    if (tell.type === 'ack') this.onAck?.(tell.ack)
    else if (tell.type === 'no ack') this.#counters.ack_timeouts++
  }

  #send(response: SipResponse, again: boolean, failed: (error: Error) => void): void {
    if (this.#lastSent !== response || !this.#lastBytes) {
      this.#lastBytes = serialise(response)
      this.#lastSent = response
    }
    this.#counters.responses_sent++
    if (again) this.#counters.retransmissions_sent++
    this.flow.respond(this.#lastBytes, this.request.topVia, failed)
  }
}
