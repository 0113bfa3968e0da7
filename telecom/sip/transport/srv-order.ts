import type { SrvRecord } from 'node:dns'
import type { Ids } from '#platform/ids'

/** The servers of a service that are looked at. */
const MOST_SERVERS = 32

/** RFC 2782: the lowest priority first; within one, by lot, so that each is as often the first as its weight says. */
export function inOrder(records: readonly SrvRecord[], ids: Ids): SrvRecord[] {
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight).slice(0, MOST_SERVERS)
  const ordered: SrvRecord[] = []
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]?.priority)
    const total = same.reduce((sum, { weight }) => sum + weight, 0)
    const lot = ids.integer(total + 1)
    let sum = 0
    const chosen = same.find(({ weight }) => {
      sum += weight
      return sum >= lot
    })
    if (!chosen) break
    left.splice(left.indexOf(chosen), 1)
    ordered.push(chosen)
  }
  return ordered
}
