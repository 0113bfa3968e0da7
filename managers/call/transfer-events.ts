import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { presentTransfer } from './present-transfer.ts'
import type { Transfer } from './transfer.ts'

/** What is announced about transfers; all of it is public. */
export const TRANSFER_EVENTS = ['transfer_created', 'transfer_completed', 'transfer_failed'] as const
export type TransferEvent = (typeof TRANSFER_EVENTS)[number]

/** The event with the transfer as it is at this moment. */
export function transferEvent(type: TransferEvent, transfer: Transfer): NewEvent {
  return {
    customer_id: transfer.customer_id,
    type,
    resource: 'transfer',
    resource_id: transfer.id,
    public: true,
    activeflow_id: NIL_UUID,
    data: presentTransfer(transfer),
  }
}
