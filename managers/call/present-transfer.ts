import type { Static } from 'typebox'
import type { Transfer } from './transfer.ts'
import type { Transfer as TransferSchema } from './transfer-contract.ts'

/** The transfer as the wire shows it: every field, unset times as `null` (rule B). */
export function presentTransfer(transfer: Transfer): Static<typeof TransferSchema> {
  return { ...transfer }
}
