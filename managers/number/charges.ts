import type { AnyTransaction } from '#platform/db'
import type { Purchase } from './purchase.ts'

/** What numbers ask of the ledger. */
export interface NumberCharges {
  /**
   * Charges the customer in the caller's transaction, once for each reference. Throws `INSUFFICIENT_BALANCE` or
   * `ACCOUNT_SUSPENDED`.
   */
  charge(
    trx: AnyTransaction,
    customer: string,
    charge: {
      cost_type: 'number' | 'number_renew'
      reference_type: 'number' | 'number_renew'
      reference_id: string
      number: string
    },
  ): Promise<unknown>
  /** Gives a charge back, in the caller's transaction; once, and nothing where there is none. */
  refund(
    trx: AnyTransaction,
    reference: { reference_type: 'number'; reference_id: string },
    note: string,
  ): Promise<unknown>
}

/** Gives back what was charged for a purchase that has bought nothing, or goes back to its vendor. */
export function refundPurchase(
  trx: AnyTransaction,
  charges: Pick<NumberCharges, 'refund'>,
  { number_id, number }: Purchase,
): Promise<unknown> {
  const reference = { reference_type: 'number', reference_id: number_id } as const
  return charges.refund(trx, reference, `${number} was not bought`)
}
