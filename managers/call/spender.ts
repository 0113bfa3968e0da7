import { NOBODY, type Spender } from '#managers/billing'
import type { Identity } from '#platform/http'
import type { Call } from './call.ts'

/** On whose account a request of the API spends: the access key's, or the agent's who is logged in (or acts for the customer). */
export function spenderOfIdentity({ kind, agent_id, accesskey_id }: Identity): Spender {
  if (kind === 'accesskey') return accesskey_id === undefined ? NOBODY : { kind: 'accesskey', id: accesskey_id }
  return kind === 'agent' || kind === 'delegate' ? { kind: 'agent', id: agent_id } : NOBODY
}

/** On whose account a phone spends that asks for something in a call: its own, where it is one of the customer's. */
export function spenderOfPhone({ direction, source, destination }: Call): Spender {
  return spenderOfCaller({ source: direction === 'incoming' ? source : destination })
}

/** On whose account a call that came in spends: that of the phone, where it has proved to be one of the customer's own. */
export function spenderOfCaller({ source }: Pick<Call, 'source'>): Spender {
  const { type, target = '' } = source
  return type === 'extension' && target !== '' ? { kind: 'extension', id: target } : NOBODY
}
