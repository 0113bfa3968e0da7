import type { AttemptEvent } from './attempt.ts'
import type { Call, HangupReason } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import type { Conversation } from './conversation.ts'
import type { ConnectOptions, LiveCallInput } from './live-call.ts'
import type { Outcomes } from './outcomes.ts'

/** What a live call is told about whom it calls. */
export type ConnectInput =
  /** So many are being called. */
  | { type: 'called_out'; key: string; attempts: number }
  /** Nobody could be called: the word for why, and the cause that an unanswered caller would hear. */
  | { type: 'not_called_out'; key: string; issue: string; cause: number }
  /** What came of one of them, counted from 0. */
  | { type: 'attempt'; key: string; attempt: number; event: AttemptEvent }

interface Ending {
  hangup_reason: HangupReason
  cause: number
}

interface Session {
  /** Empty where no flow waits for its end: the leg ends with it. */
  key: string
  earlyMedia: boolean
  /** How many are called; `undefined` while they are looked up. */
  attempts: number | undefined
  endings: Map<number, Ending>
  /** Who is heard before the answer. */
  early: { attempt: number; call_id: string } | undefined
  /** Who is talked with: the first who answered, or who came in its place (`attempt` is undefined). */
  winner: { attempt: number | undefined; call_id: string } | undefined
  /** A transfer decides who is talked with: the end of the one that was means nothing until it is over. */
  isLent: boolean
  isWinnerGone: boolean
}

export interface ConnectNeeds {
  conversation: Conversation
  outcomes: Outcomes
  /** Answers the caller. */
  answer(key: string): CallEffect[]
  /** Ends the leg. */
  hangup(): CallEffect[]
  /** Whether the caller hears us: it is answered, or something has sounded before. */
  isHeard(): boolean
}

/**
 * The connecting of one live call: others are called, the first who answers is joined with it. One at a time. Part of the
 * caller's actor: synchronous, one input at a time, no I/O of its own.
 */
export class ConnectMachine {
  readonly #needs: ConnectNeeds
  #session: Session | undefined

  constructor(needs: ConnectNeeds) {
    this.#needs = needs
  }

  /** Calls them; the caller hears ringing where it hears us at all, else its own phone makes that (180). */
  start(key: string, options: ConnectOptions): CallEffect[] {
    this.#needs.outcomes.remember(key, 'running')
    if (this.#session)
      return [this.#tell({ type: 'connect_ended', key, outcome: 'failed', issue: 'already_connecting' })]
    this.#session = newSession(key, options.early_media)
    return [...this.#ring(), { do: 'call_out', key, options }]
  }

  on(call: Call, input: ConnectInput): CallEffect[] {
    const session = this.#session
    if (session?.key !== input.key) return []
    switch (input.type) {
      case 'called_out':
        session.attempts = input.attempts
        return this.#finishUnanswered(session)
      case 'not_called_out': {
        const { key, issue, cause } = input
        return this.#finish({ type: 'connect_ended', key, outcome: 'failed', issue, cause })
      }
      case 'attempt':
        return this.#attempt(call, session, input.attempt, input.event)
    }
  }

  /** The caller is answered: whoever waits for that is joined with it. */
  callerAnswered(): CallEffect[] {
    const winner = this.#session?.winner
    return winner ? this.#talk(winner.call_id) : []
  }

  /** Whether somebody is called or talked with, for as long as which the flow (or the leg itself) goes no further. */
  get busy(): boolean {
    return this.#session !== undefined
  }

  /** A transfer decides from now on who is talked with. */
  lend(): void {
    if (this.#session) this.#session.isLent = true
  }

  /** The transfer came to nothing: it is as it was; where the other one has gone meanwhile, it is over. */
  takeBack(): CallEffect[] {
    const session = this.#session
    if (!session) return []
    session.isLent = false
    return session.isWinnerGone ? this.#finishTalk(session) : []
  }

  /** This leg is talked with from now on; with its end the flow goes on, or the leg ends where it runs none. */
  adopt(call_id: string): CallEffect[] {
    const session = this.#session ?? newSession('', false)
    this.#session = { ...session, winner: { attempt: undefined, call_id }, isLent: false, isWinnerGone: false }
    return this.#needs.conversation.join(call_id)
  }

  /** That leg is over. */
  partnerEnded(call_id: string): CallEffect[] {
    const session = this.#session
    return session?.winner?.call_id === call_id ? this.#winnerEnded(session) : []
  }

  /** Nobody is left to talk with. */
  abandon(): CallEffect[] {
    return this.#session ? this.#finishTalk(this.#session) : this.#needs.hangup()
  }

  /** The caller goes; whom it called end with it, and nobody hears of an outcome. */
  callerLeaves(): void {
    this.#session = undefined
  }

  #attempt(call: Call, session: Session, attempt: number, event: AttemptEvent): CallEffect[] {
    switch (event.type) {
      case 'ringing':
        return []
      case 'early_media':
        if (!session.earlyMedia || session.early || session.winner) return []
        session.early = { attempt, call_id: event.call_id }
        return this.#needs.conversation.join(event.call_id)
      case 'redialled':
        return session.early?.attempt === attempt ? this.#earlyOver(session) : []
      case 'answered':
        return this.#answered(call, session, attempt, event.call_id)
      case 'ended':
        return this.#ended(session, attempt, event)
    }
  }

  /** The first one wins: the others end, the caller is answered if it was not, and the two are joined. */
  #answered(call: Call, session: Session, attempt: number, call_id: string): CallEffect[] {
    const { key } = session
    if (session.winner) return [{ do: 'end_attempt', key, attempt }]
    session.winner = { attempt, call_id }
    const others: CallEffect[] = [
      { do: 'win_attempt', key, attempt },
      { do: 'end_other_attempts', key, attempt },
    ]
    if (call.status === 'progressing') return [...others, ...this.#talk(call_id)]
    return [...others, ...this.#needs.answer(`${key}:answer`)]
  }

  #talk(call_id: string): CallEffect[] {
    return [{ do: 'steer', peer: call_id, input: { type: 'join' } }, ...this.#needs.conversation.join(call_id)]
  }

  #ended(session: Session, attempt: number, { hangup_reason, cause }: Ending): CallEffect[] {
    const { winner, early } = session
    if (winner) return winner.attempt === attempt ? this.#winnerEnded(session) : []
    session.endings.set(attempt, { hangup_reason, cause })
    const over = this.#finishUnanswered(session)
    return over.length > 0 || early?.attempt !== attempt ? over : this.#earlyOver(session)
  }

  /** Who was heard before the answer is heard no more; another one may be. */
  #earlyOver(session: Session): CallEffect[] {
    session.early = undefined
    return [...this.#needs.conversation.part(), ...this.#ring()]
  }

  #winnerEnded(session: Session): CallEffect[] {
    session.isWinnerGone = true
    return session.isLent ? [] : this.#finishTalk(session)
  }

  /** A leg that runs no flow ends with the conversation that it was transferred into. */
  #finishTalk({ key }: Session): CallEffect[] {
    if (key !== '') return this.#finish({ type: 'connect_ended', key, outcome: 'talked' })
    this.#session = undefined
    return [...this.#needs.conversation.part(), ...this.#needs.hangup()]
  }

  #finishUnanswered({ key, attempts, endings, winner }: Session): CallEffect[] {
    if (winner || attempts === undefined || endings.size < attempts) return []
    return this.#finish({ type: 'connect_ended', key, outcome: 'unanswered', ...endings.get(0) })
  }

  #finish(outcome: LiveCallInput & { type: 'connect_ended' }): CallEffect[] {
    this.#session = undefined
    const parted = this.#needs.conversation.part()
    const quiet: CallEffect[] = parted.length > 0 || !this.#needs.isHeard() ? parted : [{ do: 'silence' }]
    return [...quiet, this.#tell(outcome)]
  }

  #ring(): CallEffect[] {
    return this.#needs.isHeard() ? [{ do: 'ringback' }] : []
  }

  #tell(outcome: LiveCallInput & { type: 'connect_ended' }): CallEffect {
    return { do: 'tell', input: this.#needs.outcomes.remember(outcome.key, outcome) }
  }
}

function newSession(key: string, earlyMedia: boolean): Session {
  return {
    ...{ key, earlyMedia, attempts: undefined, endings: new Map(), early: undefined, winner: undefined },
    ...{ isLent: false, isWinnerGone: false },
  }
}
