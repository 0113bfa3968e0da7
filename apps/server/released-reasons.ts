import type { ErrorReason } from '#platform/http'

/** A reason as the released list keeps it. Its identity is (domain, reason), and the list only grows. */
export interface ReleasedReason {
  domain: string
  reason: string
  status: string
  /** Published, but nothing emits it yet; once it is gone it does not come back. */
  pending?: true
}

/**
 * Holds the catalogue against what has been released. `faults` are broken promises; `next` is the list with what is new,
 * to be kept in the repository. `released` is `undefined` before the first release.
 */
export function compareReleased(
  released: readonly ReleasedReason[] | undefined,
  rows: readonly ErrorReason[],
): { faults: string[]; next: ReleasedReason[] } {
  const known = new Map((released ?? []).map((each) => [keyOf(each), each]))
  const declared = new Map(rows.map((row) => [keyOf(row), row]))
  const faults: string[] = []
  for (const [key, each] of known) {
    const row = declared.get(key)
    if (!row) faults.push(`${key} was released and is gone`)
    else if (row.status !== each.status) faults.push(`${key} was released as ${each.status} and is ${row.status} now`)
    else if (row.pending && !each.pending) faults.push(`${key} was released as real and is pending now`)
  }
  for (const [key, row] of declared)
    if (released && row.pending && !known.has(key))
      faults.push(`${key} is new and pending: release it when something emits it`)
  const next = rows.map(({ domain, reason, status, pending }) => ({
    domain,
    reason,
    status,
    ...(pending ? { pending: true as const } : {}),
  }))
  return { faults, next: next.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) }
}

function keyOf({ domain, reason }: { domain: string; reason: string }): string {
  return `${domain}/${reason}`
}
