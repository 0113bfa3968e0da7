import type { AnyTransaction } from '#platform/db'
import { type Address, apiErrors, type Fault, isE164, normaliseAddress } from '#platform/http'
import { agentErrors } from './errors.ts'

/** What agents ask of extensions, which an agent may be reached at. */
export interface ExtensionLookup {
  /** The id of the customer's live extension of this id or number. */
  resolve(customer: string, idOrNumber: string): Promise<string | undefined>
  /** The same; it is not deleted before the transaction ends. */
  hold(trx: AnyTransaction, customer: string, idOrNumber: string): Promise<string | undefined>
}

type Resolve = (idOrNumber: string) => Promise<string | undefined>

const SIP_TARGET = /^[^\s@]+@[^\s@]+$/

/**
 * The addresses as they are stored: normalised, an extension always by its id. `INVALID_ARGUMENT` says all that is wrong
 * with them, an extension that the customer does not have included.
 */
export async function checkAddresses(wanted: readonly Address[], extension: Resolve): Promise<Address[]> {
  const faults: Fault[] = []
  const addresses = new Map<string, Address>()
  for (const [at, raw] of wanted.entries()) {
    const checked = await check(withoutEmpty(normaliseAddress(raw)), extension)
    const place = `addresses[${at}]`
    if ('issue' in checked) {
      faults.push({ field: `${place}.${checked.member}`, issue: checked.issue })
      continue
    }
    const key = `${checked.type} ${checked.target}`
    if (addresses.has(key)) faults.push({ field: place, issue: 'is there twice' })
    addresses.set(key, checked)
  }
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  return [...addresses.values()]
}

/** `ADDRESS_ALREADY_ASSIGNED`, naming each of the addresses that is taken; nothing where none is. */
export function refuseTaken(addresses: readonly Address[], taken: readonly Address[]): void {
  if (taken.length === 0) return
  const faults = taken.map((address) => ({
    field: `addresses[${addresses.indexOf(address)}]`,
    issue: 'belongs to another agent',
  }))
  throw agentErrors.ADDRESS_ALREADY_ASSIGNED({ faults })
}

interface Wrong {
  member: 'type' | 'target'
  issue: string
}

async function check(address: Address, extension: Resolve): Promise<Address | Wrong> {
  const { type, target = '' } = address
  switch (type) {
    case 'extension': {
      const id = target === '' ? undefined : await extension(target)
      return id ? { ...address, target: id } : { member: 'target', issue: 'names no extension of yours' }
    }
    case 'tel':
      return isE164(target) ? address : { member: 'target', issue: 'must be + and 7 to 15 digits' }
    case 'sip':
      return SIP_TARGET.test(target) ? address : { member: 'target', issue: 'must be user@host' }
    default:
      return { member: 'type', issue: 'must be extension, tel or sip' }
  }
}

/** Empty members are left out of addresses everywhere. */
function withoutEmpty(address: Address): Address {
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== '' && value !== undefined))
}
