import type { Address } from '#platform/http'
import type { Call } from './call.ts'

/** The flow variables that describe a call, set when it gets its activeflow (`calls.md` §9). */
export function callVariables(call: Call): Record<string, string> {
  return {
    'voipbin.call.id': call.id,
    ...addressVariables('voipbin.call.source', call.source),
    ...addressVariables('voipbin.call.destination', call.destination),
    'voipbin.call.direction': call.direction,
    'voipbin.call.master_call_id': call.master_call_id,
    'voipbin.call.digits': '',
  }
}

function addressVariables(prefix: string, address: Address): Record<string, string> {
  return {
    [`${prefix}.name`]: address.name ?? '',
    [`${prefix}.detail`]: address.detail ?? '',
    [`${prefix}.target`]: address.target ?? '',
    [`${prefix}.target_name`]: address.target_name ?? '',
    [`${prefix}.type`]: address.type ?? '',
  }
}
