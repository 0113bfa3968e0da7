import type { Static } from 'typebox'
import type { Groupcall as GroupcallSchema } from './contract.ts'
import type { Groupcall } from './groupcall.ts'

/** The groupcall as the wire shows it: ids, addresses, lists and counts always, empty strings and unset times left out. */
export function presentGroupcall(groupcall: Groupcall): Static<typeof GroupcallSchema> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(groupcall)) if (value !== '' && value !== null) shown[name] = value
  return shown as Static<typeof GroupcallSchema>
}
