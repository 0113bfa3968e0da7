import type { Action } from './flow.ts'

/**
 * Positions of the jumps that lead into a circle of nothing but jumps: nothing in it waits, nothing in it decides, so no
 * execution that comes to one ever does anything again.
 */
export function endlessJumps(actions: readonly Action[]): number[] {
  const next = new Map(actions.flatMap((action) => (isBareJump(action) ? [[action.id, action.option?.target_id]] : [])))
  return actions.flatMap(({ id }, at) => (next.has(id) && leadsIntoCircle(id, next) ? [at] : []))
}

function isBareJump({ type, option }: Action): boolean {
  return type === 'goto' && option?.loop_count === undefined
}

function leadsIntoCircle(from: string, next: ReadonlyMap<unknown, unknown>): boolean {
  const seen = new Set<unknown>()
  for (let at: unknown = from; next.has(at); at = next.get(at)) {
    if (seen.has(at)) return true
    seen.add(at)
  }
  return false
}
