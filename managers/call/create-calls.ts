import { flowErrors } from '#managers/flow/errors'
import { numberErrors } from '#managers/number/errors'
import type { Address } from '#platform/http'
import { apiErrors } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import { calleeOf, faultOfCallee } from './callee.ts'
import type { CallsCreate } from './contract.ts'
import { isEmergency } from './emergency.ts'
import type { CallFlow } from './live-call.ts'
import type { PlaceCallsRequest } from './place-calls.ts'

/** What is asked of others before a request goes to the call role. */
export interface CreateCallsNeeds {
  customers: { isIdentityVerified(customer: string): Promise<boolean> }
  flows: {
    flowExists(customer: string, flow_id: string): Promise<boolean>
    /** Checks actions in place of a flow; throws all that is wrong with them. Gives them as they are kept. */
    inline(customer: string, actions: readonly unknown[]): Promise<{ actions: readonly object[] }>
  }
  /** Throws `INVALID_VARIABLES` when they are more than a request may bring in. */
  refuseVariables(variables: Readonly<Record<string, string>>): void
}

const ANONYMOUS = ['yes', 'no', 'auto'] as const

/** A body of `POST /calls` as a request for calls: all that can be said of it without calling anybody has been checked. */
export async function requestOfBody(
  needs: CreateCallsNeeds,
  customer_id: string,
  body: CallsCreate,
): Promise<PlaceCallsRequest> {
  const { destinations, source, variables = {}, dial_timeout, max_duration } = body
  const anonymous = anonymousOf(body.anonymous)
  needs.refuseVariables(variables)
  const flow_id = flowIdOf(body)
  refuseMalformed(destinations)
  if (source) refuseSource(source)
  if (
    destinations.some((each) => each.type === 'tel' && !isEmergency(each)) &&
    !(await needs.customers.isIdentityVerified(customer_id))
  )
    throw numberErrors.IDENTITY_VERIFICATION_REQUIRED()
  const flow = await flowOf(needs, customer_id, flow_id, body.actions)
  return {
    ...{ customer_id, destinations, flow, anonymous, variables },
    ...(source ? { source } : {}),
    ...(dial_timeout === undefined ? {} : { dial_timeout }),
    ...(max_duration === undefined ? {} : { max_duration }),
  }
}

function anonymousOf(written = 'auto'): PlaceCallsRequest['anonymous'] {
  const known = ANONYMOUS.find((word) => word === written)
  if (known) return known
  throw flowErrors.INVALID_ANONYMOUS_VALUE({ faults: [{ field: 'anonymous', issue: 'must be yes, no or auto' }] })
}

/** The nil UUID where actions stand in its place. */
function flowIdOf({ flow_id = '', actions }: CallsCreate): string {
  if (flow_id !== '' && !isUuid(flow_id)) throw apiErrors.INVALID_ID({ field: 'flow_id', issue: 'must be a UUID' })
  const id = flow_id === '' ? NIL_UUID : flow_id.toLowerCase()
  if (id === NIL_UUID && actions === undefined)
    throw apiErrors.INVALID_ARGUMENT({ field: 'flow_id', issue: 'is required where there are no actions' })
  return id
}

/** What is wrong with the form of destinations, one for each that has not the form of one. */
export function faultsOfDestinations(
  destinations: readonly Address[],
  field = 'destinations',
): { field: string; issue: string }[] {
  return destinations.flatMap((destination, at) => {
    const fault = faultOfCallee(calleeOf(destination))
    return fault ? [{ field: `${field}[${at}].${fault.member}`, issue: fault.issue }] : []
  })
}

/** Where no destination has the form of one, all of them are told; else those that have not are skipped. */
function refuseMalformed(destinations: readonly Address[]): void {
  const faults = faultsOfDestinations(destinations)
  if (faults.length === destinations.length) throw apiErrors.INVALID_ARGUMENT({ faults })
}

/** A source that could be called may be shown; an empty one shows nobody. */
function refuseSource(source: Address): void {
  const { type = '' } = source
  if (type !== 'sip') return
  const fault = faultOfCallee(source)
  if (fault) throw apiErrors.INVALID_ARGUMENT({ field: `source.${fault.member}`, issue: fault.issue })
}

async function flowOf(
  { flows }: CreateCallsNeeds,
  customer: string,
  flow_id: string,
  actions: readonly unknown[] = [],
): Promise<CallFlow> {
  if (flow_id === NIL_UUID) return { actions: (await flows.inline(customer, actions)).actions }
  if (!(await flows.flowExists(customer, flow_id))) throw flowErrors.FLOW_NOT_FOUND({ flow_id })
  return { flow_id }
}
