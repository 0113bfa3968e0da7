import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** The country of an E.164 number: ISO 3166 alpha-2, lower case; empty where it is not known. */
export function countryOf(number: string): string {
  return parsePhoneNumberFromString(number, 'US')?.country?.toLowerCase() ?? ''
}
