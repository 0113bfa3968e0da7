import type { Spender } from '#managers/billing'
import type { Address } from '#platform/http'
import { isUuid } from '#platform/ids'
import { TRANSFER_TYPES, type Transfer, type TransferType } from './transfer.ts'

/** Where the `call` role takes commands for transfers. */
export const TRANSFER_COMMANDS = 'transfer.command'

/** What the API asks: at most once, safe to repeat; answered when it is on record and they are called. */
export interface TransferCommand {
  /** Chosen by who asks: the key of the request. */
  id: string
  type: 'transfer'
  customer_id: string
  transfer_type: TransferType
  call_id: string
  addresses: readonly Address[]
  /** On whose account they are called. */
  spender?: Spender
}

/** The transfer as it is then; or no such call of this customer lives here. */
export type TransferAnswer = { live: true; transfer: Transfer } | { live: false }

/** Reads a command from the bus; `undefined` where it is none. */
export function readTransferCommand(body: unknown): TransferCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, customer_id, transfer_type, call_id, addresses, spender } = body as Record<string, unknown>
  if (typeof id !== 'string' || type !== 'transfer' || typeof customer_id !== 'string') return undefined
  const known = TRANSFER_TYPES.find((each) => each === transfer_type)
  if (!known || typeof call_id !== 'string' || !isUuid(call_id) || !Array.isArray(addresses)) return undefined
  const of = spender === undefined ? {} : { spender: spender as Spender }
  return { id, type, customer_id, transfer_type: known, call_id, addresses: addresses as Address[], ...of }
}
