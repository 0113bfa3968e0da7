import { spenderOfIdentity } from '#managers/call'
import { handle, type Page, type Route } from '#platform/http'
import type { ActiveflowService } from './activeflow-service.ts'
import {
  continueActiveflow,
  createActiveflow,
  createFlow,
  deleteActiveflow,
  deleteFlow,
  getActiveflow,
  getFlow,
  listActiveflows,
  listFlows,
  regenerateFlowHash,
  stopActiveflow,
  testFlow,
  updateFlow,
} from './contract.ts'
import { presentActiveflow, presentFlow, presentFlowTest } from './present.ts'
import type { FlowService } from './service.ts'

/** The routes of flows. */
export function flowRoutes(flows: FlowService): Route[] {
  return [
    handle(listFlows, async ({ customer, query }) => shown(await flows.list(customer, query), presentFlow)),
    handle(createFlow, async ({ customer, body }) => presentFlow(await flows.create(customer, body))),
    handle(getFlow, async ({ customer, params }) => presentFlow(await flows.get(customer, params.id))),
    handle(updateFlow, async ({ customer, params, body }) =>
      presentFlow(await flows.update(customer, params.id, body)),
    ),
    handle(deleteFlow, async ({ customer, params }) => presentFlow(await flows.delete(customer, params.id))),
    handle(testFlow, async ({ customer, params, body, signal }) =>
      presentFlowTest(await flows.test(customer, params.id, body, signal)),
    ),
    handle(regenerateFlowHash, async ({ customer, params }) =>
      presentFlow(await flows.regenerateDirectHash(customer, params.id)),
    ),
  ]
}

/** The routes of their executions. */
export function activeflowRoutes(activeflows: ActiveflowService): Route[] {
  return [
    handle(listActiveflows, async ({ customer, query }) =>
      shown(await activeflows.list(customer, query), presentActiveflow),
    ),
    handle(createActiveflow, async ({ customer, body, identity }) =>
      presentActiveflow(await activeflows.create(customer, body, spenderOfIdentity(identity))),
    ),
    handle(getActiveflow, async ({ customer, params }) =>
      presentActiveflow(await activeflows.get(customer, params.id)),
    ),
    handle(deleteActiveflow, async ({ customer, params }) =>
      presentActiveflow(await activeflows.delete(customer, params.id)),
    ),
    handle(stopActiveflow, async ({ customer, params }) =>
      presentActiveflow(await activeflows.stop(customer, params.id)),
    ),
    handle(continueActiveflow, async ({ customer, params }) =>
      presentActiveflow(await activeflows.continue(customer, params.id)),
    ),
  ]
}

function shown<Item, Shown>(page: Page<Item>, present: (item: Item) => Shown): Page<Shown> {
  return { result: page.result.map(present), next_page_token: page.next_page_token }
}
