import { handle, pageRequest, type Route } from '#platform/http'
import { createCalls, deleteCall, getCall, hangupCall, listCalls } from './contract.ts'
import type { CallService } from './service.ts'
import { spenderOfIdentity } from './spender.ts'

/** `/calls` */
export function callRoutes(calls: CallService): Route[] {
  return [
    handle(listCalls, ({ customer, query }) => calls.list(customer, pageRequest(query))),
    handle(createCalls, ({ customer, body, identity }) =>
      calls.create(customer, body, { spender: spenderOfIdentity(identity) }),
    ),
    handle(getCall, ({ customer, params }) => calls.get(customer, params.id)),
    handle(deleteCall, ({ customer, params }) => calls.delete(customer, params.id)),
    handle(hangupCall, ({ customer, params }) => calls.hangup(customer, params.id)),
  ]
}
