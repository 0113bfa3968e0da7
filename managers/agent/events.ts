import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import { type AgentRecord, presentAgent } from './agent.ts'

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
