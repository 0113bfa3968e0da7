import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Carrier } from '#managers/provisioning'
import { isE164 } from '#platform/http'

/** A number as a carrier wants it written; an emergency number stays as it is dialled. */
export function writtenFor(
  number: string,
  { number_format, country }: Pick<Carrier, 'number_format' | 'country'>,
): string {
  if (number_format === 'e164' || !isE164(number)) return number
  const digits = number.slice(1)
  if (number_format === 'e164_without_plus') return digits
  const parsed = parsePhoneNumberFromString(number)
  const at = country.toUpperCase() as CountryCode
  const written = parsed?.country === at ? parsed.formatNational() : parsed?.format('IDD', { fromCountry: at })
  return written?.replace(/\D/g, '') || digits
}
