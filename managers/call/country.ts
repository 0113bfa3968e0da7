import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** What the numbers of the sandbox carrier count as: 999 is a country code that is kept free (ITU-T E.164). */
const SANDBOX = 'sandbox'

/** The country of an E.164 number: ISO 3166 alpha-2, lower case, or `sandbox`; empty where it is not known. */
export function countryOf(number: string): string {
  if (/^\+999\d{9}$/.test(number)) return SANDBOX
  return parsePhoneNumberFromString(number, 'US')?.country?.toLowerCase() ?? ''
}
