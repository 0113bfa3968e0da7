/** Virtual numbers live below this prefix, which the telephone network does not know. */
const VIRTUAL = /^\+899[0-9]{9}$/
/** `+899000…` is kept for the platform. */
const RESERVED = /^\+899000/
/** The form of any E.164 number that the platform takes. */
const E164 = /^\+[0-9]{7,15}$/

/** What is wrong with the text of a number, for the caller to read; `undefined` when nothing is. */
export function faultOfNumber(number: string, type: 'normal' | 'virtual'): string | undefined {
  if (number === '') return 'must not be empty'
  if (RESERVED.test(number)) return 'is in the reserved range +899000'
  if (type === 'virtual') return VIRTUAL.test(number) ? undefined : 'must be +899 and exactly nine digits'
  if (number.startsWith('+899')) return 'is a virtual number: say so in type'
  return E164.test(number) ? undefined : 'must be + and 7 to 15 digits'
}
