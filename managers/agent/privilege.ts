import { apiErrors, type Identity, mayPass, Permission } from '#platform/http'

/** The guest agent of the platform's guest customer: it stays as it is. */
export const GUEST_AGENT_ID = 'd819c626-0284-4df8-99d6-d03e1c6fba88'

/** Whoever is asked about: as far as privileges go. */
interface Subject {
  id: string
  permission: number
}

/**
 * Whether a caller with these bits may give an agent those bits: project bits are the super admin's to give, and only an
 * admin makes admins. Everything else a manager may give.
 */
export function mayGrant(granter: number, granted: number): boolean {
  if ((granter & Permission.ProjectSuperAdmin) !== 0) return true
  if ((granted & Permission.ProjectAll) !== 0) return false
  return (granted & Permission.CustomerAdmin) === 0 || isAdmin(granter)
}

/** Whether these bits keep a customer in charge of itself. */
export function isAdmin(permission: number): boolean {
  return mayPass(permission, [Permission.CustomerAdmin])
}

export function isSuperAdmin(permission: number): boolean {
  return (permission & Permission.ProjectSuperAdmin) !== 0
}

/** Whether the caller is this very agent; a key or a token of another kind has no self. */
export function isSelf(caller: Identity, agent_id: string): boolean {
  return caller.kind === 'agent' && caller.agent_id === agent_id
}

/** Lets admins, managers and the agent itself through, before anything is looked up. */
export function refuseStranger(caller: Identity, agent_id: string): void {
  if (isSelf(caller, agent_id)) return
  if (!mayPass(caller.permission, [Permission.CustomerAdmin, Permission.CustomerManager]))
    throw apiErrors.PERMISSION_DENIED()
}

/**
 * Refuses a caller who may not have an agent's powers: whoever sets somebody's password can log in as that agent, so only
 * those may who could give the agent's bits. The guest agent is nobody's to change.
 */
export function refuseLesser(caller: Identity, agent: Subject): void {
  if (!isSelf(caller, agent.id) && !mayGrant(caller.permission, agent.permission)) throw apiErrors.PERMISSION_DENIED()
  if (agent.id === GUEST_AGENT_ID) throw apiErrors.STATE_INVALID({ issue: 'The guest agent stays as it is.' })
}

/**
 * Refuses new bits that are not the caller's to give or to take, and whoever raises itself (who may come here at all may
 * what plain agents may).
 */
export function refusePermission(caller: Identity, agent: Subject, wanted: number): void {
  const { permission } = agent
  const added = wanted & ~(permission | Permission.CustomerAgent)
  if (isSelf(caller, agent.id) && added !== 0) throw apiErrors.PERMISSION_DENIED()
  if (!mayGrant(caller.permission, permission ^ wanted)) throw apiErrors.PERMISSION_DENIED()
  refuseLesser(caller, agent)
}
