import { type Address, normaliseAddress } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Calling, Master } from './calling.ts'
import type { ConnectingCaller } from './connect-runner.ts'
import { callErrors } from './errors.ts'
import type { Travelled } from './hops.ts'
import type { PlaceCallsRequest } from './place-calls.ts'

/**
 * What legs have in common that are called for a live call: they follow it, run no flow, and are offered what it speaks.
 * Throws where its INVITE may make no more hops.
 */
export function callingFor(
  caller: ConnectingCaller,
  source?: Address,
  anonymous: PlaceCallsRequest['anonymous'] = 'auto',
): Omit<Calling, 'metadata'> {
  const call = caller.snapshot()
  const { codec, worker: workerHint } = caller
  return {
    customer_id: call.customer_id,
    source: source ? normaliseAddress(source) : call.source,
    free_only: caller.free_only,
    spender: caller.spender,
    variables: {},
    early_execution: false,
    master: caller,
    groupcall_id: NIL_UUID,
    anonymous: isAnonymous(anonymous, caller),
    ...goingOnFrom({ hops: caller.hops, max_forwards: caller.maxForwards }),
    ...(codec ? { codecs: codec === 'PCMA' ? (['PCMA', 'PCMU'] as const) : (['PCMU', 'PCMA'] as const) } : {}),
    ...(workerHint === undefined ? {} : { workerHint }),
  }
}

/** What is left to whoever is called by a call that has come so far. Throws where that is nothing. */
export function goingOnFrom({ hops, max_forwards }: Travelled): Required<Pick<Calling, 'maxForwards' | 'hops'>> {
  const maxForwards = max_forwards - 1
  if (maxForwards < 1) throw callErrors.NO_ROUTE_TO_DESTINATION()
  return { maxForwards, hops }
}

/** `auto` is what the caller asked for whom others are called; `no` always shows. */
export function isAnonymous(asked: PlaceCallsRequest['anonymous'], caller?: Pick<Master, 'isPrivate'>): boolean {
  return asked === 'yes' || (asked === 'auto' && caller?.isPrivate === true)
}
