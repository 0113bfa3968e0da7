import { type Decision, isCounted, type Reservation, type Reservations, stepOf } from '#managers/billing'
import { DatabaseUnavailable } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { EndAsker } from './call-witness.ts'

/** Something that costs while it goes on, as its meter sees it. */
export interface MeteredUse {
  /** It is about to be ended: whoever uses it should know. */
  warn(): void
  end(by: EndAsker): void
}

export interface MeterNeeds {
  clock: Clock
  log: Log
  reservations: Reservations
  /** How long a call that goes out may go on while nobody can say whether it may, before it is ended. */
  undecidedMs: number
}

/** What comes next is reserved so long before what is reserved ends; of short steps so large a part. */
const AHEAD_MS = 10_000
const AHEAD_PART = 0.5
/** What could not be decided is asked again. */
const ASK_AGAIN_MS = 2_000
const RELEASE_AGAIN_MS = 5_000
/** After so many tries it is two hours old, and its settlement lets go of it. */
const RELEASES = 1_440

/**
 * Watches what one paid leg (or recording) costs: from its answer on it has each next interval reserved before the one that
 * goes on ends. Where that is refused it is warned, and ends exactly with the interval that is paid. While nobody can decide
 * (the database is away) a call that goes out goes on, for a while: of those there are so many at most. Whatever else there is,
 * in any number, ends with what is paid.
 */
export class Meter {
  readonly #needs: MeterNeeds
  readonly #reservation: Reservation
  readonly #intervalMs: number
  /** Intervals that are reserved at a time. */
  readonly #step: number
  readonly #undecidedMs: number
  /** Intervals that are reserved. */
  #units: number
  #use: MeteredUse | undefined
  #begunMs = 0
  #timer: Timer | undefined
  #isOver = false

  constructor(needs: MeterNeeds, reservation: Reservation) {
    this.#needs = needs
    this.#reservation = reservation
    this.#units = reservation.units
    this.#intervalMs = reservation.rate.unit_seconds * 1_000
    this.#step = stepOf(reservation.rate)
    this.#undecidedMs = isCounted(reservation) ? needs.undecidedMs : 0
  }

  /** It will never be: what is reserved is free again. */
  discard(): void {
    if (this.#isOver) return
    this.over()
    this.#release(RELEASES)
  }

  /** It costs something from now on. A rate without intervals is paid already. */
  begin(use: MeteredUse): void {
    if (this.#isOver || this.#intervalMs === 0) return
    this.#use = use
    this.#begunMs = this.#needs.clock.monotonicMs()
    this.#waitForTheNext()
  }

  /** It is over: its record says what it costs. */
  over(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  /** When the last interval that is reserved ends. */
  get #paidUntilMs(): number {
    return this.#begunMs + this.#units * this.#intervalMs
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
    const usedMs = clock.monotonicMs() - this.#begunMs
    const units = Math.max(this.#units + this.#step, Math.ceil((usedMs + this.#aheadMs) / this.#intervalMs))
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

  /** Asked again until it is decided, or it has gone on for too long. */
  #undecided(): void {
    const { clock } = this.#needs
    const lastMs = this.#paidUntilMs + this.#undecidedMs
    if (clock.monotonicMs() + ASK_AGAIN_MS < lastMs)
      this.#at(clock.monotonicMs() + ASK_AGAIN_MS, () => void this.#askForMore())
    else {
      this.#use?.warn()
      this.#at(lastMs, () => this.#use?.end('billing_unavailable'))
    }
  }

  /** Intervals that have begun. */
  get #begun(): number {
    return Math.ceil((this.#needs.clock.monotonicMs() - this.#begunMs) / this.#intervalMs)
  }

  #endWith(units: number, by: EndAsker): void {
    this.#use?.warn()
    this.#at(this.#begunMs + units * this.#intervalMs, () => this.#use?.end(by))
  }

  #at(monotonicMs: number, run: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#needs.clock.after(monotonicMs - this.#needs.clock.monotonicMs(), run)
  }

  #release(left: number): void {
    const { clock, log, reservations } = this.#needs
    const { customer_id, id } = this.#reservation
    reservations.release(customer_id, id).catch((error: unknown) => {
      log.info({ reservation_id: id, left, error }, 'what was reserved could not be released')
      const isStopping = error instanceof DatabaseUnavailable && error.why === 'closed'
      if (left > 1 && !isStopping) clock.after(RELEASE_AGAIN_MS, () => this.#release(left - 1))
    })
  }
}
