import { type Decision, type Reservation, type Reservations, stepOf } from '#managers/billing'
import { DatabaseUnavailable } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { Line } from '#telecom/line'
import type { PromptPart } from '#telecom/media'
import type { HangupReason } from './call.ts'
import type { EndAsker } from './call-witness.ts'

/** A leg that costs something, as its meter sees it. */
export interface MeteredLeg {
  readonly id: string
  readonly line: Pick<Line, 'announce'>
  /** The leg that it talks with. */
  readonly peer: string | undefined
  hangup(reason: HangupReason, cause?: number, by?: EndAsker): void
}

export interface MeterNeeds {
  clock: Clock
  log: Log
  reservations: Reservations
  /** How long a leg may talk on while nobody can say whether it may, before it is ended. */
  undecidedMs: number
  /** A live leg of this node. */
  leg(call_id: string): { readonly line: Pick<Line, 'announce'> } | undefined
}

/** What comes next is reserved so long before what is reserved ends; of short steps so large a part. */
const AHEAD_MS = 10_000
const AHEAD_PART = 0.5
/** What could not be decided is asked again. */
const ASK_AGAIN_MS = 2_000
const RELEASE_AGAIN_MS = 5_000
const RELEASES = 60

/** Both who talk hear that the call is about to end. */
const BEEP: PromptPart = { tone: { hz: [1_400], durationMs: 200 } }
const WARNING: readonly PromptPart[] = [BEEP, { silenceMs: 150 }, BEEP, { silenceMs: 150 }, BEEP]

/**
 * Watches what one paid leg costs: from its answer on it has each next interval reserved before the one that goes on ends.
 * Where that is refused both sides are warned, and the leg ends exactly with the interval that is paid. While nobody can
 * decide (the database is away) it talks on, for a while.
 */
export class Meter {
  readonly #needs: MeterNeeds
  readonly #reservation: Reservation
  readonly #intervalMs: number
  /** Intervals that are reserved at a time. */
  readonly #step: number
  /** Intervals that are reserved. */
  #units: number
  #leg: MeteredLeg | undefined
  #answeredMs = 0
  #timer: Timer | undefined
  #isOver = false

  constructor(needs: MeterNeeds, reservation: Reservation) {
    this.#needs = needs
    this.#reservation = reservation
    this.#units = reservation.units
    this.#intervalMs = reservation.rate.unit_seconds * 1_000
    this.#step = stepOf(reservation.rate)
  }

  /** The leg will never be: what is reserved is free again. */
  discard(): void {
    if (this.#isOver) return
    this.over()
    this.#release(RELEASES)
  }

  /** The leg is up: it costs something from now on. A rate without intervals is paid already. */
  answered(leg: MeteredLeg): void {
    if (this.#isOver || this.#intervalMs === 0) return
    this.#leg = leg
    this.#answeredMs = this.#needs.clock.monotonicMs()
    this.#waitForTheNext()
  }

  /** The leg is over: its record says what it costs. */
  over(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  /** When the last interval that is reserved ends. */
  get #paidUntilMs(): number {
    return this.#answeredMs + this.#units * this.#intervalMs
  }

  get #aheadMs(): number {
    return Math.min(AHEAD_MS, this.#step * this.#intervalMs * AHEAD_PART)
  }

  #waitForTheNext(): void {
    this.#at(this.#paidUntilMs - this.#aheadMs, () => void this.#askForMore())
  }

  async #askForMore(): Promise<void> {
    const { clock, reservations, log } = this.#needs
    const { customer_id, id } = this.#reservation
    const talkedMs = clock.monotonicMs() - this.#answeredMs
    const units = Math.max(this.#units + this.#step, Math.ceil((talkedMs + this.#aheadMs) / this.#intervalMs))
    try {
      const decision = await reservations.extend({ customer_id, id, units, begun: this.#begun })
      if (!this.#isOver) this.#decided(decision)
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) log.error({ reservation_id: id, error }, 'a meter could not ask')
      if (!this.#isOver) this.#undecided()
    }
  }

  #decided(decision: Decision<{ units: number }>): void {
    if (decision.ok) {
      this.#units = decision.reserved.units
      this.#waitForTheNext()
      return
    }
    const isLimit = decision.refusal === 'limit_reached' || decision.refusal === 'not_allowed'
    this.#endWith(Math.max(this.#units, this.#begun), isLimit ? 'spending_limit' : 'balance_exhausted')
  }

  /** Asked again until it is decided, or the leg has talked on for too long. */
  #undecided(): void {
    const { clock, undecidedMs } = this.#needs
    const lastMs = this.#paidUntilMs + undecidedMs
    if (clock.monotonicMs() + ASK_AGAIN_MS < lastMs)
      this.#at(clock.monotonicMs() + ASK_AGAIN_MS, () => void this.#askForMore())
    else {
      this.#warn()
      this.#at(lastMs, () => this.#end('billing_unavailable'))
    }
  }

  /** Intervals that have begun. */
  get #begun(): number {
    return Math.ceil((this.#needs.clock.monotonicMs() - this.#answeredMs) / this.#intervalMs)
  }

  #endWith(units: number, by: EndAsker): void {
    this.#warn()
    this.#at(this.#answeredMs + units * this.#intervalMs, () => this.#end(by))
  }

  #end(by: EndAsker): void {
    this.#leg?.hangup('normal', undefined, by)
  }

  #warn(): void {
    const leg = this.#leg
    if (!leg) return
    const peer = leg.peer === undefined ? undefined : this.#needs.leg(leg.peer)
    for (const each of [leg, peer]) each?.line.announce(`warning:${leg.id}`, WARNING)
  }

  #at(monotonicMs: number, run: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#needs.clock.after(monotonicMs - this.#needs.clock.monotonicMs(), run)
  }

  #release(left: number): void {
    const { clock, log, reservations } = this.#needs
    const { customer_id, id } = this.#reservation
    reservations.release(customer_id, id).catch((error: unknown) => {
      log.info({ reservation_id: id, left, error }, 'what was reserved for a leg could not be released')
      if (left > 1) clock.after(RELEASE_AGAIN_MS, () => this.#release(left - 1))
    })
  }
}
