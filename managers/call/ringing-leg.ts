import { ANSWERED_ELSEWHERE, type Attempt, type AttemptEvent } from './attempt.ts'
import type { HangupReason } from './call.ts'
import type { EndAsker } from './call-witness.ts'
import type { Master } from './calling.ts'
import { causeOfHangupReason } from './hangup-reason.ts'
import type { LiveRunner } from './live-runner.ts'

/** Legs that may be picked up, by the ids of their calls. */
export type RingingLegs = Map<string, RingingLeg>

/**
 * A leg that is called for a master, as whoever called it sees it. While it rings, another phone may pick it up and answers
 * in its place (RFC 3891 §3: an early dialog that we began); from then on the leg itself tells nothing more.
 */
export class RingingLeg implements Attempt {
  readonly id: string
  readonly kind = 'call'
  readonly #ringing: RingingLegs
  readonly #master: Master
  readonly #report: (event: AttemptEvent) => void
  #leg: LiveRunner | undefined
  #newcomer: LiveRunner | undefined

  constructor(id: string, parts: { ringing: RingingLegs; master: Master; report: (event: AttemptEvent) => void }) {
    this.id = id
    this.#ringing = parts.ringing
    this.#master = parts.master
    this.#report = parts.report
  }

  /** The leg is being called. */
  begin(leg: LiveRunner): void {
    this.#leg = leg
    this.#ringing.set(this.id, this)
    this.#master.lead(leg)
    leg.begin()
  }

  /** What comes of the leg. */
  hear(event: AttemptEvent): void {
    if (event.type === 'answered' || event.type === 'ended') this.#ringing.delete(this.id)
    if (!this.#newcomer) this.#report(event)
  }

  /** This phone, which is up, answers in place of the leg. False where it rings no more, or for nobody. */
  pickUp(newcomer: LiveRunner): boolean {
    if (!newcomer.isUp || !this.#master.mayLead || !this.#ringing.delete(this.id)) return false
    this.#newcomer = newcomer
    this.#leg?.hangup('normal', ANSWERED_ELSEWHERE)
    this.#master.lead(newcomer)
    newcomer.move({ type: 'follow', master_call_id: this.#master.id })
    newcomer.subscribe((input) => {
      if (input.type !== 'hungup') return
      const { hangup_reason } = input
      this.#report({ type: 'ended', hangup_reason, cause: causeOfHangupReason(hangup_reason) })
    })
    this.#report({ type: 'answered', call_id: newcomer.id })
    return true
  }

  hangup(reason: HangupReason, cause?: number, by?: EndAsker): void {
    const answers = this.#newcomer ?? this.#leg
    answers?.hangup(reason, cause, by)
  }

  win(): void {
    this.#leg?.win()
  }

  holds(call_id: string): boolean {
    return call_id === this.id || call_id === this.#newcomer?.id
  }
}
