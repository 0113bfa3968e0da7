import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Activeflow } from './activeflow.ts'
import type { Flow } from './flow.ts'
import { presentActiveflow, presentFlow } from './present.ts'

const ofFlow =
  (type: string) =>
  (flow: Flow): NewEvent => ({
    customer_id: flow.customer_id,
    type,
    resource: 'flow',
    resource_id: flow.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: presentFlow(flow),
  })

const ofActiveflow =
  (type: string) =>
  (activeflow: Activeflow): NewEvent => ({
    customer_id: activeflow.customer_id,
    type,
    resource: 'activeflow',
    resource_id: activeflow.id,
    public: true,
    activeflow_id: activeflow.id,
    data: presentActiveflow(activeflow),
  })

/** Each fact that flows and their executions announce: those of flows inside only, those of executions to customers. */
export const flowEvents = {
  flow_created: ofFlow('flow_created'),
  flow_updated: ofFlow('flow_updated'),
  flow_deleted: ofFlow('flow_deleted'),
  activeflow_created: ofActiveflow('activeflow_created'),
  activeflow_updated: ofActiveflow('activeflow_updated'),
  activeflow_deleted: ofActiveflow('activeflow_deleted'),
}
