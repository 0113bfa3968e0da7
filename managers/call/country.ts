import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isSandboxNumber } from '#managers/number'

/** The country of the sandbox carrier's numbers, which no other country has. */
export const SANDBOX_COUNTRY = 'sandbox'
const SANDBOX_CODE = '999'

/** The country of an E.164 number: ISO 3166 alpha-2, lower case, or `sandbox`; empty where it is not known. */
export function countryOf(number: string): string {
  if (isSandboxNumber(number)) return SANDBOX_COUNTRY
  return parsePhoneNumberFromString(number, 'US')?.country?.toLowerCase() ?? ''
}

/** Whether there is such a country: ISO 3166 alpha-2 in lower case, or `sandbox`. */
export function isCountry(code: string): boolean {
  return code === SANDBOX_COUNTRY || (code === code.toLowerCase() && isSupportedCountry(code.toUpperCase()))
}

/** The digits that all numbers of a country begin with, other countries' too where they share them; empty: no such country. */
export function callingCodeOf(country: string): string {
  if (country === SANDBOX_COUNTRY) return SANDBOX_CODE
  const code = country.toUpperCase()
  return isSupportedCountry(code) ? getCountryCallingCode(code) : ''
}
