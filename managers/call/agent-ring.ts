import type { AgentRings } from '#managers/agent'
import type { LaneWrite } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { Groupcall } from './groupcall.ts'
import type { GroupcallEvent } from './groupcall-events.ts'

/** What an agent's status follows, in the writes of a groupcall that calls the agent; nothing for every other one. */
export function ringWrites(rings: AgentRings, groupcall: Groupcall, events: readonly GroupcallEvent[]): LaneWrite[] {
  if (!ringsAtAgent(groupcall)) return []
  const { id: groupcall_id, customer_id, owner_id: agent_id } = groupcall
  return events.flatMap((event) => {
    const state = stateAfter(event, groupcall)
    return state ? [rings.write({ groupcall_id, customer_id, agent_id, state })] : []
  })
}

/** Whether the agent itself is called, and not one of its phones. */
function ringsAtAgent({ destinations, owner_id }: Groupcall): boolean {
  return destinations[0]?.type === 'agent' && owner_id !== NIL_UUID
}

export function isAnswered({ answer_call_id, answer_groupcall_id }: Groupcall): boolean {
  return answer_call_id !== NIL_UUID || answer_groupcall_id !== NIL_UUID
}

function stateAfter(event: GroupcallEvent, groupcall: Groupcall) {
  switch (event) {
    case 'groupcall_created':
      return 'ringing'
    case 'groupcall_progressing':
      return 'answered'
    case 'groupcall_hangup':
      return isAnswered(groupcall) ? undefined : 'missed'
    default:
      return undefined
  }
}
