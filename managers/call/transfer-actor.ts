import type { Timestamp } from '#platform/time'
import { CAUSE, sipStatusOfCause } from '#telecom/line'
import type { AttemptEvent } from './attempt.ts'
import type { Waiting } from './conversation.ts'
import type { Transfer } from './transfer.ts'
import type { TransferEvent } from './transfer-events.ts'

/** What a transfer is given, one at a time. */
export type TransferInput =
  /** What came of those who are called: the transferees, or the transferer that is called back. */
  | { type: 'attempt'; event: AttemptEvent }
  | { type: 'transferer_gone' }
  | { type: 'remaining_gone' }
  /** The transferer cannot be called back. */
  | { type: 'no_recall' }

/** What a transfer wants done. */
export type TransferEffect =
  | { do: 'save'; transfer: Transfer; events: readonly TransferEvent[] }
  /** This leg hears nobody but this. */
  | { do: 'lend'; leg: 'transferer' | 'remaining'; hears: Waiting }
  | { do: 'hangup_transferer' }
  /** The leg that answered is up. */
  | { do: 'win' }
  /** The transferer talks with this leg. */
  | { do: 'consult'; call_id: string }
  /** The one who remains talks with this leg for good. */
  | { do: 'hand_over'; call_id: string }
  /** The transferer and the one who remains talk with each other again. */
  | { do: 'give_back' }
  /** The one who remains has nobody to talk with. */
  | { do: 'abandon' }
  | { do: 'end_attempt' }
  /** The transferer is called back: `attempt` or `no_recall` follows. */
  | { do: 'recall' }
  /** The phone that asked hears how far it is, as a SIP status. */
  | { do: 'tell'; status: number }
  /** Nothing follows. */
  | { do: 'release' }

export interface TransferNeeds {
  now: () => Timestamp
  /** The transferer's phone asked and waits for how it ends; else its leg ends as soon as a blind transfer begins. */
  isAskedByPhone: boolean
}

/** The status that a phone hears when whom it transferred has gone. */
const REQUEST_TERMINATED = 487

/**
 * One transfer, from the moment when somebody is called for it. *Transferer* is the leg that hands over, *remaining* the one
 * that it talked with. Synchronous, one input at a time, no I/O of its own.
 *
 * Blind: the remaining one hears ringing and is joined with who answers. When nobody does it goes back to the transferer,
 * who is called back where the leg has gone. Attended: the remaining one hears music while the transferer talks with who
 * answers; the transferer's hanging up hands over, the other's end gives back.
 */
export class TransferActor {
  readonly #needs: TransferNeeds
  #transfer: Transfer
  #at: 'calling' | 'consulting' | 'recalling' | 'over' = 'calling'
  /** Its leg is up, and not being ended by us. */
  #isTransfererHere = true
  #isRingingTold = false
  /** With whom the transferer consults. */
  #consulted = ''

  constructor(transfer: Transfer, needs: TransferNeeds) {
    this.#transfer = transfer
    this.#needs = needs
  }

  /** The record as it is; replaced, never changed in place. */
  get transfer(): Transfer {
    return this.#transfer
  }

  /** The first step: they are being called. */
  begin(): TransferEffect[] {
    const created: TransferEffect = { do: 'save', transfer: this.#transfer, events: ['transfer_created'] }
    if (this.#transfer.type === 'attended') return [created, lend('remaining', 'music'), lend('transferer', 'ringback')]
    const ringing = [created, lend('remaining', 'ringback')]
    if (this.#needs.isAskedByPhone) return [...ringing, lend('transferer', 'silence')]
    this.#isTransfererHere = false // nothing can be given back to a leg that is ending, however long that takes
    return [...ringing, { do: 'hangup_transferer' }]
  }

  on(input: TransferInput): TransferEffect[] {
    if (this.#at === 'over') return []
    switch (input.type) {
      case 'attempt':
        return this.#attempt(input.event)
      case 'transferer_gone':
        return this.#transfererGone()
      case 'remaining_gone':
        return this.#remainingGone()
      case 'no_recall':
        return this.#over([{ do: 'abandon' }])
    }
  }

  #attempt(event: AttemptEvent): TransferEffect[] {
    switch (event.type) {
      case 'ringing':
      case 'early_media':
        return this.#rings()
      case 'redialled':
        return []
      case 'answered':
        return this.#answered(event.call_id)
      case 'ended':
        return this.#ended(event.cause)
    }
  }

  #rings(): TransferEffect[] {
    if (this.#isRingingTold || this.#at !== 'calling') return []
    this.#isRingingTold = true
    return this.#tell(180)
  }

  #answered(call_id: string): TransferEffect[] {
    if (this.#at === 'recalling') return this.#over([{ do: 'win' }, { do: 'hand_over', call_id }])
    if (this.#transfer.type === 'blind') return [{ do: 'win' }, ...this.#complete(call_id)]
    this.#at = 'consulting'
    this.#consulted = call_id
    return [{ do: 'win' }, { do: 'consult', call_id }]
  }

  #complete(transferee_call_id: string): TransferEffect[] {
    const end: TransferEffect[] = this.#isTransfererHere ? [{ do: 'hangup_transferer' }] : []
    return this.#over([
      this.#save({ status: 'completed', transferee_call_id }, 'transfer_completed'),
      { do: 'hand_over', call_id: transferee_call_id },
      ...this.#tell(200),
      ...end,
    ])
  }

  /** Nobody has answered, or who was consulted has gone. */
  #ended(cause: number): TransferEffect[] {
    if (this.#at === 'recalling') return this.#over([{ do: 'abandon' }])
    const failed = this.#save({ status: 'failed' }, 'transfer_failed')
    if (this.#isTransfererHere) return this.#over([failed, { do: 'give_back' }, ...this.#tell(statusOfCause(cause))])
    this.#at = 'recalling'
    return [failed, { do: 'recall' }]
  }

  #transfererGone(): TransferEffect[] {
    this.#isTransfererHere = false
    if (this.#transfer.type === 'blind') return []
    if (this.#at === 'consulting') return this.#complete(this.#consulted)
    return this.#over([this.#save({ status: 'failed' }, 'transfer_failed'), { do: 'end_attempt' }, { do: 'abandon' }])
  }

  /** There is nobody left to be handed over. */
  #remainingGone(): TransferEffect[] {
    const failed = this.#at === 'recalling' ? [] : [this.#save({ status: 'failed' }, 'transfer_failed')]
    const back: TransferEffect[] = this.#isTransfererHere ? [{ do: 'give_back' }] : []
    return this.#over([...failed, { do: 'end_attempt' }, ...back, ...this.#tell(REQUEST_TERMINATED)])
  }

  #over(effects: TransferEffect[]): TransferEffect[] {
    this.#at = 'over'
    return [...effects, { do: 'release' }]
  }

  #tell(status: number): TransferEffect[] {
    return this.#needs.isAskedByPhone ? [{ do: 'tell', status }] : []
  }

  #save(changed: Partial<Transfer>, event: TransferEvent): TransferEffect {
    this.#transfer = { ...this.#transfer, ...changed, tm_update: this.#needs.now() }
    return { do: 'save', transfer: this.#transfer, events: [event] }
  }
}

function lend(leg: 'transferer' | 'remaining', hears: Waiting): TransferEffect {
  return { do: 'lend', leg, hears }
}

/** A callee whom we gave up is one who did not answer. */
function statusOfCause(cause: number): number {
  return sipStatusOfCause(cause === 0 ? CAUSE.noAnswer : cause)
}
