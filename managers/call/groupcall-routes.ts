import { handle, pageRequest, type Route } from '#platform/http'
import {
  createGroupcall,
  deleteGroupcall,
  getGroupcall,
  hangupGroupcall,
  listGroupcalls,
} from './groupcall-contract.ts'
import type { GroupcallService } from './groupcall-service.ts'
import { spenderOfIdentity } from './spender.ts'

/** `/groupcalls` */
export function groupcallRoutes(groupcalls: GroupcallService): Route[] {
  return [
    handle(listGroupcalls, ({ customer, query }) => groupcalls.list(customer, pageRequest(query))),
    handle(createGroupcall, ({ customer, body, identity }) =>
      groupcalls.create(customer, body, spenderOfIdentity(identity)),
    ),
    handle(getGroupcall, ({ customer, params }) => groupcalls.get(customer, params.id)),
    handle(deleteGroupcall, ({ customer, params }) => groupcalls.delete(customer, params.id)),
    handle(hangupGroupcall, ({ customer, params }) => groupcalls.hangup(customer, params.id)),
  ]
}
