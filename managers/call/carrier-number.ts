import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Carrier } from '#managers/provisioning'
import { isE164 } from '#platform/http'

type Writing = Pick<Carrier, 'number_format' | 'country'>

/**
 * A number as a carrier wants it written; an emergency number stays as it is dialled. `undefined` where it cannot be written
 * so: of an unknown country, or with no way to dial it from the carrier's.
 */
export function writtenFor(number: string, { number_format, country }: Writing): string | undefined {
  if (number_format === 'e164' || !isE164(number)) return number
  if (number_format === 'e164_without_plus') return number.slice(1)
  const at = countryCode(country)
  if (at === undefined) return undefined
  const parsed = parsePhoneNumberFromString(number)
  const written = parsed?.country === at ? parsed?.formatNational() : parsed?.format('IDD', { fromCountry: at })
  return written?.replace(/\D/g, '') || undefined
}

/**
 * The E.164 numbers that a carrier may mean by what it wrote, the likeliest first: as written with a `+`; else national in
 * its country, and the international digits without a `+`. None where it is no number.
 */
export function numbersWrittenBy({ number_format, country }: Writing, written: string): string[] {
  const text = (written.split(';')[0] ?? '').replace(/^tel:/i, '').replace(/[\s().-]/g, '')
  if (/^\+[0-9]{5,15}$/.test(text)) return [text]
  if (!/^[0-9]{3,18}$/.test(text)) return []
  const at = countryCode(country)
  const national = at && parsePhoneNumberFromString(text, at)?.number
  const international = /^[1-9][0-9]{6,14}$/.test(text) ? `+${text}` : undefined
  const found = number_format === 'national' ? [national, international] : [international, national]
  return [...new Set(found.filter((number) => number !== undefined))]
}

function countryCode(country: string): CountryCode | undefined {
  const code = country.toUpperCase()
  return isSupportedCountry(code) ? code : undefined
}
