import type { Waiting } from './conversation.ts'

/** What a leg is told when a transfer moves it from one conversation to another. */
export type MoveInput =
  /** It hears nobody but this until one of the next two; what ends meanwhile ends nothing here. */
  | { type: 'lend'; hears: Waiting }
  /** Back to the leg that it talked with; where that one is gone, the conversation is over. */
  | { type: 'take_back'; peer: string }
  /** It talks with this leg from now on; with that one's end the flow goes on, or the leg ends where it runs none. */
  | { type: 'adopt'; peer: string }
  /** Nobody is left to talk with. */
  | { type: 'abandon' }
  /** A leg that it may have been given to talk with is over. */
  | { type: 'partner_ended'; peer: string }
  /** On the record: the call that it follows; the nil UUID = none. */
  | { type: 'follow'; master_call_id: string }
  /** On the record: this call follows it no more. */
  | { type: 'unchain'; call_id: string }
