import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isSandboxNumber } from '#managers/number'

/** The country of the sandbox carrier's numbers, which no other country has. */
export const SANDBOX_COUNTRY = 'sandbox'

/** The country of an E.164 number: ISO 3166 alpha-2, lower case, or `sandbox`; empty where it is not known. */
export function countryOf(number: string): string {
  if (isSandboxNumber(number)) return SANDBOX_COUNTRY
  return parsePhoneNumberFromString(number, 'US')?.country?.toLowerCase() ?? ''
}

/** Whether there is such a country: ISO 3166 alpha-2 in lower case, or `sandbox`. */
export function isCountry(code: string): boolean {
  return code === SANDBOX_COUNTRY || (code === code.toLowerCase() && isSupportedCountry(code.toUpperCase()))
}
