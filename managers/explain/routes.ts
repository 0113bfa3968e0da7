import { apiErrors, handle, pageRequest, type Route } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import { analyseSip, downloadPcap, explainCall, listRefusedCalls } from './contract.ts'
import type { ExplainService } from './service.ts'

/** `/calls/{id}/explain`, `/refused_calls`, `/timelines/calls/{call_id}/sip-analysis` and `/pcap` */
export function explainRoutes(explain: ExplainService): Route[] {
  return [
    handle(explainCall, ({ customer, params }) => explain.explain(customer, params.id)),
    handle(listRefusedCalls, ({ customer, query }) => explain.refused(customer, pageRequest(query))),
    handle(analyseSip, ({ customer, params }) => explain.analyse(customer, callId(params.call_id))),
    handle(downloadPcap, ({ customer, params }) => explain.pcap(customer, callId(params.call_id))),
  ]
}

function callId(text: string): string {
  if (!isUuid(text) || text === NIL_UUID)
    throw apiErrors.INVALID_CALL_ID({ field: 'call_id', issue: 'must be a UUID, and not the nil UUID' })
  return text.toLowerCase()
}
