import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'

/** Handed over at once, or after a talk with who takes it. */
export const TRANSFER_TYPES = ['attended', 'blind'] as const
export type TransferType = (typeof TRANSFER_TYPES)[number]

/** Under way; handed over; or it came to nothing. */
export const TRANSFER_STATUSES = ['progressing', 'completed', 'failed'] as const
export type TransferStatus = (typeof TRANSFER_STATUSES)[number]

/** A conversation is handed over to somebody else (`calls.md` §11): the record is the column, the type and the JSON. */
export interface Transfer {
  id: string
  customer_id: string
  type: TransferType
  status: TransferStatus
  /** The leg that hands over. */
  transferer_call_id: string
  transferee_addresses: Address[]
  /** The leg that took it; nil until then. */
  transferee_call_id: string
  /** Who was called for it; nil where a phone has joined two calls of its own. */
  groupcall_id: string
  confbridge_id: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** A transfer that is about to call somebody. */
export function newTransfer(
  made: Pick<
    Transfer,
    'id' | 'customer_id' | 'type' | 'transferer_call_id' | 'transferee_addresses' | 'groupcall_id' | 'tm_create'
  >,
): Transfer {
  return {
    ...made,
    status: 'progressing',
    transferee_call_id: NIL_UUID,
    confbridge_id: NIL_UUID,
    tm_update: null,
    tm_delete: null,
  }
}
