import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { type AgentRecord, presentAgent } from './agent.ts'
import type { Delegation } from './delegations.ts'

const about =
  (type: string) =>
  (agent: AgentRecord): NewEvent => ({
    customer_id: agent.customer_id,
    type,
    resource: 'agent',
    resource_id: agent.id,
    public: true,
    activeflow_id: NIL_UUID,
    data: presentAgent(agent),
  })

export const agentEvents = {
  agent_created: about('agent_created'),
  agent_updated: about('agent_updated'),
  agent_status_updated: about('agent_status_updated'),
  agent_deleted: about('agent_deleted'),
}

/** That a super admin may act inside the customer from now on: the platform's own record, which no webhook carries. */
export function delegationCreated(delegation: Delegation): NewEvent {
  return {
    customer_id: delegation.customer_id,
    type: 'delegation_created',
    resource: 'delegation',
    resource_id: delegation.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: delegation,
  }
}
