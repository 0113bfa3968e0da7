import { type Address, apiErrors, type Identity, mayPass, Permission } from '#platform/http'
import type { Timestamp } from '#platform/time'
import { AGENT_NAME_MAX_BYTES, type Agent, RING_METHODS } from './contract.ts'
import { agentErrors } from './errors.ts'

/** The agent of VoIPbin's guest customer: it keeps its password and permission, and cannot be deleted. */
export const GUEST_AGENT_ID = 'd819c626-0284-4df8-99d6-d03e1c6fba88'

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

/**
 * Whether a caller with these bits may give an agent those bits: project bits are the super admin's to give, and only an
 * admin makes admins. Everything else a manager may give.
 */
export function mayGrant(granter: number, granted: number): boolean {
  if ((granter & Permission.ProjectSuperAdmin) !== 0) return true
  if ((granted & Permission.ProjectAll) !== 0) return false
  return (granted & Permission.CustomerAdmin) === 0 || mayPass(granter, [Permission.CustomerAdmin])
}

export function isSuperAdmin(permission: number): boolean {
  return (permission & Permission.ProjectSuperAdmin) !== 0
}

/** Whether the caller is this agent, logged in. */
export function isSelf(caller: Identity, agent_id: string): boolean {
  return caller.kind === 'agent' && caller.agent_id === agent_id
}

/** `INVALID_ARGUMENT` when the name is too long to keep. */
export function checkName(name: string): void {
  if (Buffer.byteLength(name) > AGENT_NAME_MAX_BYTES)
    throw apiErrors.INVALID_ARGUMENT({ field: 'name', issue: `must not be longer than ${AGENT_NAME_MAX_BYTES} bytes` })
}

/** The ring method that a text names, or `INVALID_RING_METHOD`. */
export function ringMethodOf(text: string): Agent['ring_method'] {
  const known = RING_METHODS.find((method) => method === text)
  if (!known) throw agentErrors.INVALID_RING_METHOD()
  return known
}
