import { type Static, Type } from 'typebox'
import { agentErrors } from '#managers/agent/errors'
import { billingErrors } from '#managers/billing/errors'
import { numberErrors } from '#managers/number/errors'
import { registrarErrors } from '#managers/registrar/errors'
import {
  Address,
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  Uuid,
} from '#platform/http'
import { callErrors } from './errors.ts'
import { TRANSFER_STATUSES, TRANSFER_TYPES } from './transfer.ts'

/** A transfer. Every field is always there. */
export const Transfer = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    type: Type.Enum(TRANSFER_TYPES),
    status: Type.Enum(TRANSFER_STATUSES),
    transferer_call_id: Uuid,
    transferee_addresses: Type.Array(Address),
    transferee_call_id: Type.String({ format: 'uuid', description: 'The call that took it; nil until then.' }),
    groupcall_id: Type.String({
      format: 'uuid',
      description: 'Who was called for it; nil where a phone has joined two calls of its own.',
    }),
    confbridge_id: Type.String({ format: 'uuid', description: 'Always nil.' }),
    tm_create: Timestamp,
    tm_update: Type.Union([Timestamp, Type.Null()]),
    tm_delete: Type.Union([Timestamp, Type.Null()]),
  },
  { $id: 'Transfer' },
)
export type Transfer = Static<typeof Transfer>

/** One transfer calls no more than this. */
export const MOST_TRANSFEREES = 20

export const TransferCreate = Type.Object({
  transfer_type: Type.Enum(TRANSFER_TYPES, {
    description:
      'blind: the call is handed over at once. attended: when its leg hangs up after a talk with who answers.',
  }),
  transferer_call_id: Type.String({ description: 'The call of whoever hands over; it is in a conversation.' }),
  transferee_addresses: Type.Array(Address, {
    minItems: 1,
    maxItems: MOST_TRANSFEREES,
    description: 'Called all at once; the first who answers takes it.',
  }),
})
export type TransferCreate = Static<typeof TransferCreate>

export const createTransfer = endpoint({
  method: 'POST',
  path: '/transfers',
  summary: 'Hand a conversation over to somebody else',
  description:
    'Blind: the leg that hands over ends, and the other one hears ringing until somebody answers; when nobody does, the one who handed over is called back. Attended: the other one hears music while the two talk; hanging up hands over, and when nobody answers the old conversation goes on.',
  allow: adminOrManager,
  body: TransferCreate,
  returns: Transfer,
  deadlineMs: 12_000, // names of hosts are looked up
  errors: [
    apiErrors.INVALID_ID,
    callErrors.CALL_NOT_FOUND,
    callErrors.CALL_ALREADY_HANGUP,
    callErrors.CALL_STATE_INVALID,
    numberErrors.IDENTITY_VERIFICATION_REQUIRED,
    callErrors.INSUFFICIENT_BALANCE,
    billingErrors.ACCOUNT_SUSPENDED,
    billingErrors.SPENDING_LIMIT_REACHED,
    billingErrors.SPENDING_NOT_ALLOWED,
    callErrors.DESTINATION_NOT_ALLOWED,
    callErrors.NO_ROUTE_TO_DESTINATION,
    callErrors.SOURCE_NOT_ALLOWED,
    registrarErrors.EXTENSION_NOT_FOUND,
    agentErrors.AGENT_NOT_FOUND,
    apiErrors.SERVICE_UNAVAILABLE,
  ],
})

export const listTransfers = endpoint({
  method: 'GET',
  path: '/transfers',
  summary: 'List transfers',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Transfer),
  errors: [],
})

export const getTransfer = endpoint({
  method: 'GET',
  path: '/transfers/{id}',
  summary: 'Read a transfer',
  allow: adminOrManager,
  params: idParams,
  returns: Transfer,
  errors: [callErrors.TRANSFER_NOT_FOUND],
})
