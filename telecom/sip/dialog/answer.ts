import type { Clock, Timer } from '#platform/time'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import type { ServerTransaction } from '../transaction/server-transaction.ts'

/**
 * Our 2xx to an INVITE until its ACK comes (RFC 3261 §13.3.1.4): sent at once, then after T1, doubling up to T2; after
 * 64*T1 without an ACK we give up.
 */
export class Answer {
  readonly cseq: number
  /** It offers: the answer comes with the ACK. */
  readonly isOffer: boolean
  readonly #transaction: ServerTransaction
  readonly #response: SipResponse
  readonly #timers: Timers
  readonly #clock: Clock
  readonly #handlers: { acked(ack: SipRequest): void; gaveUp(): void }
  #timer: Timer | undefined
  #waitedMs = 0

  constructor(
    at: { transaction: ServerTransaction; response: SipResponse; clock: Clock; timers: Timers },
    handlers: { acked(ack: SipRequest): void; gaveUp(): void },
  ) {
    this.cseq = at.transaction.request.cseq.number
    this.isOffer = at.transaction.request.sdp === undefined && at.response.sdp !== undefined
    this.#transaction = at.transaction
    this.#response = at.response
    this.#clock = at.clock
    this.#timers = at.timers
    this.#handlers = handlers
  }

  send(): void {
    this.#transaction.onAck = (ack) => this.ack(ack)
    this.#transaction.respond(this.#response)
    this.#wait(this.#timers.t1Ms)
  }

  get waiting(): boolean {
    return this.#timer !== undefined
  }

  /** The ACK has come; further ones change nothing. */
  ack(ack: SipRequest): void {
    if (!this.#timer) return
    this.stop()
    this.#handlers.acked(ack)
  }

  /** Waits no more. The transaction, which outlives the call by half a minute, keeps nothing of it. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#transaction.onAck = undefined
  }

  #wait(intervalMs: number): void {
    const leftMs = 64 * this.#timers.t1Ms - this.#waitedMs
    if (leftMs <= 0) {
      this.stop()
      this.#handlers.gaveUp()
      return
    }
    const delayMs = Math.min(intervalMs, leftMs)
    this.#timer = this.#clock.after(delayMs, () => {
      this.#waitedMs += delayMs
      if (this.#waitedMs < 64 * this.#timers.t1Ms) this.#transaction.respond(this.#response)
      this.#wait(Math.min(intervalMs * 2, this.#timers.t2Ms))
    })
  }
}
