import type { AnyTransaction, LaneTable, LaneWrite } from '#platform/db'
import type { Agent } from './contract.ts'

/** What has become of a call to an agent. */
export type RingState = 'ringing' | 'answered' | 'missed'

export interface Ring {
  groupcall_id: string
  customer_id: string
  agent_id: string
  state: RingState
}

/** A ring as it is kept: `shown` is what the agent's status shows of it. */
export interface RingRow extends Ring {
  shown: '' | 'ringing'
}

/** What the call engine tells of calls to agents: it goes to disk with the call itself, and nothing waits for it. */
export interface AgentRings {
  /** The write of what has become of a call to an agent. */
  write(ring: Ring): LaneWrite
  /** Such a write is on disk. */
  stored(): void
  /** Of these groupcalls, whose node is gone, those that rang ring no more. */
  missed(trx: AnyTransaction, groupcall_ids: readonly string[]): Promise<void>
}

const TABLE: LaneTable = {
  name: 'agent_rings',
  columns: { groupcall_id: 'uuid', customer_id: 'uuid', agent_id: 'uuid', state: 'text' },
  mode: 'upsert',
  key: ['groupcall_id'],
}

export function ringWrite({ groupcall_id, customer_id, agent_id, state }: Ring): LaneWrite {
  return { table: TABLE, row: { groupcall_id, customer_id, agent_id, state } }
}

/**
 * The status that a ring makes of the one that there is: who is available rings, who answers is busy (and stays so until
 * it says otherwise), and who rang in vain is available again, unless another call still rings there.
 */
export function statusAfter(
  status: Agent['status'],
  { state, shown }: RingRow,
  ringsElsewhere: boolean,
): Agent['status'] {
  if (state === 'ringing') return status === 'available' ? 'ringing' : status
  if (state === 'answered') return 'busy'
  const isOver = status === 'ringing' && shown === 'ringing' && !ringsElsewhere
  return isOver ? 'available' : status
}
