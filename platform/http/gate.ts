import { timestamp, timestampToMs } from '#platform/time'
import type { Endpoint } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import type { Identity } from './identity.ts'
import { mayPass } from './permission.ts'

/** How long a frozen customer can come back before it is deleted. */
export const FREEZE_MS = 30 * 86_400_000

/**
 * Whether this caller may ask this endpoint at all; throws the reason when not. It looks at the caller's role and own id only,
 * so that a refusal says nothing about what exists. `id` is the `{id}` of the path as it was sent.
 */
export function pass({ allow, notAgent, direct, noDelegates, selfToo }: Endpoint, identity: Identity, id?: string) {
  if (allow === 'public') return
  if (selfToo && identity.kind === 'agent' && id?.toLowerCase() === identity.agent_id) return
  if (identity.kind === 'direct' && mayUse(direct, identity)) return
  if (identity.kind === 'delegate' && noDelegates) throw apiErrors.DIRECT_ACCESS_NOT_SUPPORTED()
  if (allow === 'agent') {
    if (identity.kind === 'agent') return
    throw notAgent ? notAgent(undefined as never) : apiErrors.DIRECT_ACCESS_NOT_SUPPORTED()
  }
  if (identity.kind === 'direct') throw apiErrors.DIRECT_ACCESS_NOT_SUPPORTED()
  if (allow !== 'customer' && !mayPass(identity.permission, allow)) throw apiErrors.PERMISSION_DENIED()
}

/** Whether a direct token is for what the endpoint is about. */
function mayUse(family: Endpoint['direct'], { direct }: Identity): boolean {
  if (family === undefined || !direct) return false
  return family === 'any' || direct.allowed_resource_types.includes(family)
}

/**
 * Refuses callers of a frozen customer with `ACCOUNT_FROZEN`, which says when the customer will be deleted and how it comes
 * back. Super admins and what is `frozenToo` pass.
 */
export function refuseFrozen({ frozenToo }: Endpoint, { frozen, permission }: Identity) {
  if (!frozen || frozenToo || mayPass(permission, [])) return
  throw apiErrors.ACCOUNT_FROZEN({
    deletion_scheduled_at: frozen.since,
    deletion_effective_at: timestamp((timestampToMs(frozen.since) ?? 0) + FREEZE_MS),
    recovery_endpoint: 'DELETE /auth/unregister',
  })
}
