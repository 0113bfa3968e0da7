import { parseUri } from '#telecom/sip'
import type { Binding, RegisterWish, WantedContact } from './binding.ts'
import { bindingKey } from './register-request.ts'

/** Contacts that an extension may have at once. */
export const MOST_BINDINGS = 3

/** What the REGISTER that asks carries besides its contacts. */
export interface RegisterContext {
  call_id: string
  cseq: number
  /** Makes a new binding of a contact; `expiresSeconds` is above 0. */
  make(contact: WantedContact, before: Binding | undefined): Binding
}

export type Change =
  | { ok: true; bindings: Binding[]; written: Binding[]; removed: Binding[] }
  /** A REGISTER that is older than what it would change (§10.3 step 7): nothing is changed. */
  | { ok: false; reason: 'out of order' }

/**
 * The bindings of an extension after a REGISTER (RFC 3261 §10.3): all of it or nothing. `current` are the live ones. The
 * same instance replaces its own binding first; when there are still more than three, the oldest go.
 */
export function applyRegister(current: readonly Binding[], wish: RegisterWish, context: RegisterContext): Change {
  if (wish.type === 'fetch') return { ok: true, bindings: [...current], written: [], removed: [] }
  const isLate = (binding: Binding) => binding.call_id === context.call_id && binding.cseq >= context.cseq
  if (wish.type === 'clear') {
    if (current.some(isLate)) return { ok: false, reason: 'out of order' }
    return { ok: true, bindings: [], written: [], removed: [...current] }
  }
  let bindings = [...current]
  let written: Binding[] = []
  for (const contact of wish.contacts) {
    const same = bindings.filter((binding) => isSame(binding, contact))
    // a contact that stands there twice is no late one: the last one counts
    if (same.some((binding) => !written.includes(binding) && isLate(binding)))
      return { ok: false, reason: 'out of order' }
    bindings = bindings.filter((binding) => !same.includes(binding))
    written = written.filter((binding) => !same.includes(binding))
    if (contact.expiresSeconds === 0) continue
    const made = context.make(contact, same[0])
    bindings.push(made)
    written.push(made)
  }
  const kept = bindings.slice(-MOST_BINDINGS)
  const ids = new Set(kept.map((binding) => binding.id))
  return {
    ok: true,
    bindings: kept,
    written: written.filter((binding) => ids.has(binding.id)),
    removed: current.filter((binding) => !ids.has(binding.id)),
  }
}

/** RFC 5626 §6: instance and reg-id decide where they are given, else the URI. */
function isSame(binding: Binding, contact: WantedContact): boolean {
  if (contact.instance !== '' && binding.instance === contact.instance) return binding.reg_id === contact.reg_id
  return bindingKey(binding.uri, parseUri) === contact.key
}
