import type { Database } from '#platform/db'
import {
  apiErrors,
  endpoint,
  handle,
  idParams,
  type Page,
  type PageRequest,
  page,
  pageQuery,
  pageRequest,
  paginate,
  type Route,
} from '#platform/http'
import { Call } from './contract.ts'
import { callErrors } from './errors.ts'
import { presentCall } from './present.ts'
import { CallStore } from './store.ts'

export const listAgentCalls = endpoint({
  method: 'GET',
  path: '/service_agents/calls',
  summary: 'List your own calls, as an agent',
  description: 'Those that came from one of your addresses or were made to one.',
  allow: 'agent',
  query: pageQuery,
  returns: page(Call),
  errors: [],
})

export const getAgentCall = endpoint({
  method: 'GET',
  path: '/service_agents/calls/{id}',
  summary: 'Read a call of your own, as an agent',
  allow: 'agent',
  params: idParams,
  returns: Call,
  errors: [callErrors.CALL_NOT_FOUND, apiErrors.PERMISSION_DENIED],
})

/** The calls that belong to an agent (`calls.md` §12). */
export class AgentCalls {
  readonly #store: CallStore

  constructor(needs: { db: Database }) {
    this.#store = new CallStore(needs.db)
  }

  async list(customer: string, agent_id: string, page: PageRequest): Promise<Page<Call>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page, { agent_id }), page.size)
    return { result: result.map(presentCall), next_page_token }
  }

  /** A call of the customer that is not the agent's is refused, one of another customer does not exist. */
  async get(customer: string, agent_id: string, call_id: string): Promise<Call> {
    const call = await this.#store.find(customer, call_id)
    if (!call) throw callErrors.CALL_NOT_FOUND({ call_id })
    if (call.owner_type !== 'agent' || call.owner_id !== agent_id) throw apiErrors.PERMISSION_DENIED()
    return presentCall(call)
  }
}

/** `/service_agents/calls` */
export function agentCallRoutes(calls: AgentCalls): Route[] {
  return [
    handle(listAgentCalls, ({ customer, identity, query }) =>
      calls.list(customer, identity.agent_id, pageRequest(query)),
    ),
    handle(getAgentCall, ({ customer, identity, params }) => calls.get(customer, identity.agent_id, params.id)),
  ]
}
