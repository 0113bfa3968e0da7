import type { Clock } from '#platform/time'
import type { Counters } from '../counters.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import type { Timers } from '../timers.ts'
import type { Flow } from '../transport/flow.ts'
import { sendersPort } from '../transport/senders-port.ts'
import { type Input as InviteInput, inviteServer, type Tell } from './invite-server.ts'
import { type Input as NonInviteInput, nonInviteServer } from './non-invite-server.ts'
import { Runner } from './runner.ts'
import type { WithStatus } from './step.ts'

/** What a server transaction needs of the stack. */
export interface ServerNeeds {
  readonly clock: Clock
  readonly timers: Timers
  readonly counters: Counters
  /** It has terminated and is to be forgotten. */
  ended(kept: KeptTransaction): void
}

/** A response as it goes on the wire. */
interface Written extends WithStatus {
  readonly bytes: Buffer
}

/**
 * What is kept of a request that came in for as long as it may be repeated (RFC 3261 §17.2, half a minute mostly): how to
 * answer it, and the bytes of the last answer where a repetition gets it again. Not the request: at 150 calls/s those of
 * half a minute were 36 MB.
 */
export class KeptTransaction {
  readonly key: string
  readonly mergeKey: string | undefined
  readonly #flow: Flow
  readonly #port: number | undefined
  readonly #counters: Counters
  readonly #invite: Runner<{ at: string }, InviteInput<Written>, Written, Tell> | undefined
  readonly #other: Runner<{ at: string }, NonInviteInput<Written>, Written, Tell> | undefined
  #finalStatus: number | undefined
  /** Hears of an ACK that belongs to a 2xx. */
  onAck: ((ack: SipRequest) => void) | undefined
  /** Hears of a CANCEL. */
  onCancel: ((cancel: SipRequest) => void) | undefined
  /** The tag that our responses to this request carry, so that 200 to CANCEL and 487 agree. */
  localTag: string | undefined

  constructor(at: { key: string; mergeKey: string | undefined; request: SipRequest; flow: Flow }, needs: ServerNeeds) {
    this.key = at.key
    this.mergeKey = at.mergeKey
    this.#flow = at.flow
    this.#port = sendersPort(at.request.topVia, at.flow.remote)
    this.#counters = needs.counters
    const { reliable } = at.flow
    const { clock, timers } = needs
    const runnerNeeds = {
      clock,
      send: (response: Written, again: boolean, failed: (error: Error) => void) => this.#send(response, again, failed),
      tell: (tell: Tell) => this.#tell(tell),
      ended: () => needs.ended(this),
    }
    if (at.request.method === 'INVITE') this.#invite = new Runner(inviteServer({ reliable, timers }), runnerNeeds)
    else this.#other = new Runner(nonInviteServer({ reliable, timers }), runnerNeeds)
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

  /** Throws a `SipError`, and has done nothing, for a response that cannot be written. */
  respond(response: SipResponse): void {
    const { status } = response
    const written = { status, bytes: serialise(response) }
    if (status >= 200) {
      this.#finalStatus ??= status
      this.onCancel = undefined // too late, and it holds on to a call
    }
    this.#invite?.on({ type: 'respond', response: written })
    this.#other?.on({ type: 'respond', response: written })
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

  #send({ bytes }: Written, again: boolean, failed: (error: Error) => void): void {
    this.#counters.responses_sent++
    if (again) this.#counters.retransmissions_sent++
    this.#flow.respond(bytes, this.#port, failed)
  }
}
