import type { Clock, Timer } from '#platform/time'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { type Rack, rackOf } from '../message/rack.ts'
import type { Timers } from '../timers.ts'

/** Responses that wait for the PRACK of an earlier one; our side sends very few. */
const MOST_WAITING = 16

interface Provisional {
  /** Builds the response with this RSeq. */
  readonly build: (rseq: number) => SipResponse
  readonly carriesSession: boolean
  readonly acknowledged: (prack: SipRequest) => void
}

/**
 * Our provisional responses to one INVITE that must arrive (RFC 3262 §3): each is resent after T1, doubling, until its PRACK
 * comes; the next one waits for that. Without a PRACK for 64*T1 the call is given up.
 */
export class ReliableProvisionals {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #cseq: number
  readonly #send: (response: SipResponse) => void
  readonly #gaveUp: () => void
  readonly #waiting: Provisional[] = []
  #current: (Provisional & { readonly rseq: number; readonly response: SipResponse }) | undefined
  #rseq: number
  #timer: Timer | undefined
  #settled: (() => void) | undefined

  /** `firstRseq` is random, between 1 and 2^31 − 1. */
  constructor(at: {
    clock: Clock
    timers: Timers
    cseq: number
    firstRseq: number
    send: (response: SipResponse) => void
    gaveUp: () => void
  }) {
    this.#clock = at.clock
    this.#timers = at.timers
    this.#cseq = at.cseq
    this.#rseq = at.firstRseq
    this.#send = at.send
    this.#gaveUp = at.gaveUp
  }

  send(provisional: Provisional): void {
    if (this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push(provisional)
    this.#next()
  }

  /**
   * Takes a PRACK; false where nothing waits for it. Answer it, and then `goOn`. Throws a `SipError` for one that cannot be
   * read.
   */
  take(prack: SipRequest): boolean {
    const rack = rackOf(prack)
    const current = this.#current
    if (!current || !this.#isMeant(rack, current.rseq)) return false
    this.stop()
    this.#current = undefined
    current.acknowledged(prack)
    return true
  }

  /** Sends what waited for that PRACK: the next provisional response, or the 2xx. */
  goOn(): void {
    this.#next()
    const settled = this.#settled
    if (!settled || this.#sessionWaits) return
    this.#settled = undefined
    settled()
  }

  /**
   * A 2xx is to be sent: it waits for the PRACK of a description (§3). What nobody has seen yet is not sent any more, and
   * nothing is resent that the 2xx makes needless.
   */
  beforeAnswer(run: () => void): void {
    this.#waiting.splice(0)
    if (this.#sessionWaits) this.#settled = run
    else {
      this.stop()
      run()
    }
  }

  /** Resends nothing any more. A PRACK that is on its way is still taken. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  get #sessionWaits(): boolean {
    return this.#current?.carriesSession === true
  }

  #isMeant(rack: Rack, rseq: number): boolean {
    return rack.rseq === rseq && rack.cseq === this.#cseq && rack.method === 'INVITE'
  }

  #next(): void {
    if (this.#current) return
    const provisional = this.#waiting.shift()
    if (!provisional) return
    const rseq = this.#rseq++
    const response = provisional.build(rseq)
    this.#current = { ...provisional, rseq, response }
    this.#send(response)
    this.#resendAfter(this.#timers.t1Ms, 0)
  }

  #resendAfter(intervalMs: number, waitedMs: number): void {
    const lifeMs = 64 * this.#timers.t1Ms
    const delayMs = Math.min(intervalMs, lifeMs - waitedMs)
    this.#timer = this.#clock.after(delayMs, () => {
      const current = this.#current
      if (!current) return
      if (waitedMs + delayMs >= lifeMs) {
        this.#timer = undefined
        this.#gaveUp()
        return
      }
      this.#send(current.response)
      this.#resendAfter(intervalMs * 2, waitedMs + delayMs)
    })
  }
}
