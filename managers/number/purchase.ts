import type { Timestamp } from '#platform/time'

/**
 * How far a purchase at a vendor is. A row is there before the vendor is asked, so that whatever was bought is either a
 * number or given back, whenever the process dies. It is paid while it is `buying`, `unsure` or `held`; the step from there to
 * `releasing` gives the money back, but for a number that its customer has had.
 *
 * - `buying`: the vendor is being asked, or was when the process died.
 * - `unsure`: it gave no answer; whoever asks again goes on with the same purchase.
 * - `held`: a number of a customer.
 * - `releasing`: to be given back; with an empty reference it has to be found out first whether anything was bought.
 * - `released`: the vendor has it back.
 */
export type PurchaseState = 'buying' | 'unsure' | 'held' | 'releasing' | 'released'

/** One purchase; its id is the key under which the vendor knows it. */
export interface Purchase {
  id: string
  customer_id: string
  /** The number that it becomes. */
  number_id: string
  /** E.164. */
  number: string
  /** Name of the vendor. */
  vendor: string
  state: PurchaseState
  /** The vendor's name of what it sold; empty where it is not known. */
  reference: string
  tm_create: Timestamp
  tm_update: Timestamp
}
