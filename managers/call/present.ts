import type { Static } from 'typebox'
import type { Call } from './call.ts'
import type { Call as CallSchema } from './contract.ts'

/** The call as the wire shows it: ids, addresses, lists and objects always, empty strings and unset times left out (rule A). */
export function presentCall(call: Call): Static<typeof CallSchema> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(call)) if (value !== '' && value !== null) shown[name] = value
  return shown as Static<typeof CallSchema>
}
