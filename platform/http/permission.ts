/** Permission bits; an agent's `permission` is the sum (`platform.md` §4.1). */
export const Permission = {
  None: 0,
  ProjectSuperAdmin: 1,
  ProjectAll: 15,
  CustomerAgent: 16,
  CustomerAdmin: 32,
  CustomerManager: 64,
  CustomerAll: 240,
  All: 65_535,
} as const

/**
 * Who may call an endpoint: nobody needs to be known (`public`), any caller of a customer (`customer`), any login of a
 * person (`agent`), or a caller with one of the bits. A super admin passes every gate.
 */
export type Gate = 'public' | 'customer' | 'agent' | readonly number[]

/** The usual gate: customer admin or customer manager. */
export const adminOrManager: Gate = [Permission.CustomerAdmin, Permission.CustomerManager]
/** Customer admin only. */
export const adminOnly: Gate = [Permission.CustomerAdmin]
/** Project super admin only. */
export const superAdminOnly: Gate = [Permission.ProjectSuperAdmin]

/** Whether a value is a gate at all: what came past the compiler must not open a door. An empty list would be for super admins. */
export function isGate(allow: unknown): allow is Gate {
  if (Array.isArray(allow)) return allow.length > 0 && allow.every((bits) => Number.isInteger(bits) && bits > 0)
  return allow === 'public' || allow === 'customer' || allow === 'agent'
}

/** Whether one of the required bits is set; the super admin has them all. */
export function mayPass(permission: number, required: readonly number[]): boolean {
  return (permission & Permission.ProjectSuperAdmin) !== 0 || required.some((bits) => (permission & bits) !== 0)
}
