import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Timestamp } from '#platform/time'
import type { PhoneNumber } from './contract.ts'

/** Virtual numbers live below this prefix, which the telephone network does not know. */
const VIRTUAL = /^\+899[0-9]{9}$/
/** `+899000…` is kept for the platform. */
const RESERVED = /^\+899000/
/** The form of any E.164 number that the platform takes. */
const E164 = /^\+[0-9]{7,15}$/
/** The numbers of the sandbox carrier, below a code that no country has. */
const SANDBOX = /^\+999[0-9]{9}$/

/** Whether it is a number of the sandbox carrier, whose country is `sandbox`. */
export function isSandboxNumber(number: string): boolean {
  return SANDBOX.test(number)
}

/** What is wrong with the text of a number, for the caller to read; `undefined` when nothing is. */
export function faultOfNumber(number: string, type: 'normal' | 'virtual'): string | undefined {
  if (number === '') return 'must not be empty'
  if (RESERVED.test(number)) return 'is in the reserved range +899000'
  if (type === 'virtual') return VIRTUAL.test(number) ? undefined : 'must be +899 and exactly nine digits'
  if (number.startsWith('+899')) return 'is a virtual number: say so in type'
  if (!E164.test(number)) return 'must be + and 7 to 15 digits'
  if (number.startsWith('+999'))
    return isSandboxNumber(number) ? undefined : 'must have nine digits after +999, as every sandbox number'
  return parsePhoneNumberFromString(number)?.isPossible() ? undefined : 'is no telephone number of any country'
}

/** What somebody wants of a new number. */
export interface NewNumber {
  number: string
  /** The nil UUID for none. */
  call_flow_id: string
  message_flow_id: string
  name: string
  detail: string
}

/** A number in its first moment; free and for ever unless `of` says that it was bought. */
export function newNumber(
  wanted: NewNumber,
  of: Pick<PhoneNumber, 'id' | 'customer_id' | 'type'> & { tm_create: Timestamp } & Partial<
      Pick<PhoneNumber, 't38_enabled' | 'emergency_enabled' | 'tm_purchase' | 'tm_renew'>
    >,
): PhoneNumber {
  const { number, call_flow_id, message_flow_id, name, detail } = wanted
  return {
    ...{ number, call_flow_id, message_flow_id, name, detail },
    status: 'active',
    t38_enabled: false,
    emergency_enabled: false,
    metadata: { rtp_debug: false },
    tm_purchase: null,
    tm_renew: null,
    tm_release: null,
    tm_update: null,
    tm_delete: null,
    ...of,
  }
}
