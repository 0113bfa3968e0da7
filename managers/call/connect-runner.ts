import type { Spender } from '#managers/billing'
import { ReasonedError } from '#platform/errors'
import type { Log } from '#platform/log'
import { ANSWERED_ELSEWHERE, type Attempt, type AttemptEvent } from './attempt.ts'
import type { Call } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallWitness } from './call-witness.ts'
import type { Master } from './calling.ts'
import type { ConnectInput } from './connect-machine.ts'
import type { ConnectOptions } from './live-call.ts'
import { causeOfRefusal } from './refusal-cause.ts'

/** The call for which others are called, and what its legs are like. */
export interface ConnectingCaller extends Master {
  snapshot(): Call
  readonly free_only: boolean
  /** On whose account paid legs are called for it. */
  readonly spender: Spender
  readonly maxForwards: number
  /** How often its call has left for a carrier. */
  readonly hops: number
  readonly codec: string | undefined
  readonly worker: number | undefined
}

/**
 * Calls the destinations for a caller: they are chained to it and run no flow. Resolves with those that are being called;
 * `report` hears what comes of each, later. Rejects with a reason when nobody can be called.
 */
export type CallOut = (
  caller: ConnectingCaller,
  options: ConnectOptions,
  report: (attempt: number, event: AttemptEvent) => void,
) => Promise<readonly Attempt[]>

export interface ConnectRunnerNeeds {
  log: Log
  callOut: CallOut
  witness?: Pick<CallWitness, 'connectRefused'>
}

/** Does for one live call what its connecting wants done. */
export class ConnectRunner {
  readonly #needs: ConnectRunnerNeeds
  readonly #caller: ConnectingCaller
  readonly #take: (input: ConnectInput) => void
  #key = ''
  #attempts: readonly Attempt[] = []

  constructor(needs: ConnectRunnerNeeds, parts: { caller: ConnectingCaller; take: (input: ConnectInput) => void }) {
    this.#needs = needs
    this.#caller = parts.caller
    this.#take = parts.take
  }

  callOut(key: string, options: ConnectOptions): void {
    const report = (attempt: number, event: AttemptEvent) => this.#take({ type: 'attempt', key, attempt, event })
    this.#needs.callOut(this.#caller, options, report).then(
      (attempts) => {
        this.#key = key
        this.#attempts = attempts
        this.#take({ type: 'called_out', key, attempts: attempts.length })
      },
      (error: unknown) => {
        this.#needs.log.info({ call_id: this.#caller.id, error }, 'nobody could be called for a call')
        if (error instanceof ReasonedError) this.#needs.witness?.connectRefused(this.#caller.id, error.reason)
        const issue = error instanceof ReasonedError ? error.reason : 'not_placed'
        this.#take({ type: 'not_called_out', key, issue, cause: causeOfRefusal(error, options.destinations) })
      },
    )
  }

  do(effect: CallEffect & { do: 'win_attempt' | 'end_attempt' | 'end_other_attempts' }): void {
    if (effect.key !== this.#key) return
    for (const [at, attempt] of this.#attempts.entries()) {
      const isMeant = at === effect.attempt
      if (isMeant && effect.do === 'win_attempt') attempt.win()
      else if (effect.do !== 'win_attempt' && isMeant === (effect.do === 'end_attempt'))
        attempt.hangup('normal', ANSWERED_ELSEWHERE)
    }
  }
}
