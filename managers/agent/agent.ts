import { type Address, apiErrors } from '#platform/http'
import type { Timestamp } from '#platform/time'
import { AGENT_NAME_MAX_BYTES, type Agent, RING_METHODS } from './contract.ts'
import { agentErrors } from './errors.ts'

/** An agent as it is stored. */
export interface AgentRecord {
  id: string
  customer_id: string
  username: string
  /** See `password.ts`; empty for an agent that cannot log in. */
  password_hash: string
  /** Goes up when what a login stands on changes, so that older tokens stop at once. */
  token_version: number
  name: string
  detail: string
  ring_method: Agent['ring_method']
  status: Agent['status']
  permission: number
  tag_ids: string[]
  addresses: Address[]
  direct_hash: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** An agent as the API shows it: times that are unset are left out. */
export function presentAgent(record: AgentRecord): Agent {
  return {
    id: record.id,
    customer_id: record.customer_id,
    username: record.username,
    name: record.name,
    detail: record.detail,
    ring_method: record.ring_method,
    status: record.status,
    permission: record.permission,
    tag_ids: record.tag_ids,
    addresses: record.addresses,
    direct_hash: record.direct_hash,
    tm_create: record.tm_create,
    ...(record.tm_update && { tm_update: record.tm_update }),
    ...(record.tm_delete && { tm_delete: record.tm_delete }),
  }
}

/** Refuses a name that is too long. */
export function checkName(name: string): void {
  if (Buffer.byteLength(name) > AGENT_NAME_MAX_BYTES)
    throw apiErrors.INVALID_ARGUMENT({ field: 'name', issue: `must not be longer than ${AGENT_NAME_MAX_BYTES} bytes` })
}

export function checkRingMethod(wanted: string): Agent['ring_method'] {
  const ring_method = RING_METHODS.find((known) => known === wanted)
  if (!ring_method) throw agentErrors.INVALID_RING_METHOD()
  return ring_method
}
