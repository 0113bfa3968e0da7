import { apiErrors, type Identity } from '#platform/http'
import type { Unregister } from './contract.ts'
import type { CustomerRecord } from './customer.ts'
import type { CustomerLifecycle } from './lifecycle.ts'

/** Checks passwords; agents stand above customers, so it is handed in. */
export interface PasswordCheck {
  /** Whether this is the password of the customer's agent; whoever guesses from an address has to wait there. */
  isPasswordOf(customer: string, agent_id: string, password: string, ip: string): Promise<boolean>
}

const PHRASE = 'DELETE'

/** Has the caller's customer deleted, in 30 days or at once, after the caller has confirmed that it means it. */
export async function unregisterBy(
  caller: Identity,
  wanted: Unregister,
  { lifecycle, passwords, ip }: { lifecycle: CustomerLifecycle; passwords: PasswordCheck; ip: string },
): Promise<CustomerRecord> {
  await confirm(caller, wanted, passwords, ip)
  return wanted.immediate ? lifecycle.delete(caller.customer_id) : lifecycle.freeze(caller.customer_id)
}

async function confirm(
  { kind, customer_id, agent_id }: Identity,
  { password, confirmation_phrase }: Unregister,
  passwords: PasswordCheck,
  ip: string,
): Promise<void> {
  if (password !== undefined && confirmation_phrase !== undefined)
    refuse('confirmation_phrase', 'must not be given together with a password')
  if (confirmation_phrase !== undefined) {
    if (confirmation_phrase !== PHRASE) refuse('confirmation_phrase', `must be ${PHRASE}`)
    return
  }
  if (password === undefined) refuse('password', 'is required, unless a confirmation_phrase is given')
  if (kind !== 'agent') refuse('password', 'is of agents only; give a confirmation_phrase instead')
  if (!(await passwords.isPasswordOf(customer_id, agent_id, password, ip))) refuse('password', 'is wrong')
}

function refuse(field: string, issue: string): never {
  throw apiErrors.INVALID_ARGUMENT({ field, issue })
}
