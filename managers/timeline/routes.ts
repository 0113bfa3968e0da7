import { apiErrors, handle, type Route } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import { listAggregatedEvents, listResourceEvents } from './contract.ts'
import type { TimelineService } from './service.ts'
import { timelineRequest } from './timeline-page.ts'

/** `/timelines` and `/aggregated-events` */
export function timelineRoutes(timelines: TimelineService): Route[] {
  return [
    handle(listResourceEvents, ({ customer, params, query }) =>
      timelines.ofResource(customer, params.resource_type, params.resource_id, timelineRequest(query)),
    ),
    handle(listAggregatedEvents, ({ customer, query }) => {
      const { activeflow_id, call_id } = query
      const page = timelineRequest(query)
      if (activeflow_id !== undefined && call_id === undefined) {
        if (!isId(activeflow_id)) throw apiErrors.INVALID_ACTIVEFLOW_ID({ field: 'activeflow_id', issue: NO_ID })
        return timelines.ofActiveflow(customer, activeflow_id.toLowerCase(), page)
      }
      if (call_id !== undefined && activeflow_id === undefined) {
        if (!isId(call_id)) throw apiErrors.INVALID_CALL_ID({ field: 'call_id', issue: NO_ID })
        return timelines.ofCallsActiveflow(customer, call_id.toLowerCase(), page)
      }
      const issue = 'or call_id must be there, and not both'
      throw apiErrors.INVALID_ARGUMENT({ field: 'activeflow_id', issue })
    }),
  ]
}

const NO_ID = 'must be a UUID, and not the nil UUID'

function isId(text: string): boolean {
  return isUuid(text) && text !== NIL_UUID
}
