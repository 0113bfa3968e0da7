import type { AnyTransaction } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { ReferenceType, TransactionType } from './billing.ts'
import type { CostType } from './cost.ts'

/** Names the thing that a row of the ledger is about: the same one is charged once, however often it is asked. */
export interface Reference {
  reference_type: ReferenceType
  reference_id: string
}

/** Something that is charged at once. */
export interface Charge extends Reference {
  cost_type: CostType
  /** Things; 1 unless said. */
  count?: number
  /** E.164, where the price depends on a number. */
  number?: string
}

/** What of an account is set aside; credit in micros. */
export interface Held {
  token: number
  credit: number
}

/** A use that is over. */
export interface EndedUsage extends Reference {
  cost_type: CostType
  /** E.164, where the price depends on a number. */
  number?: string
  tm_billing_start: Timestamp
  tm_billing_end: Timestamp
  /** The version of the rate deck that prices it; unless said the one in force at the start. */
  deck_version?: number
  /** Unless said the time between start and end. */
  seconds?: number
  /** What was set aside for it: of several uses that are charged together none takes what is another's. */
  reserved?: Held
}

/** A change of a balance that is no use of anything. */
export interface Movement extends Reference {
  transaction_type: Exclude<TransactionType, 'usage'>
  amount_token: number
  /** Micros. */
  amount_credit: number
  /** The row's own id unless said. */
  idempotency_key?: string
  note?: string
}

/** What of an account is set aside for uses that go on: it pays for nothing else. */
export interface Holds {
  /** Asked under the account's lock. */
  heldOf(trx: AnyTransaction, account_id: string): Promise<Held>
}
