import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Carrier } from '#managers/provisioning'
import { isE164 } from '#platform/http'

type Writing = Pick<Carrier, 'number_format' | 'country'>

/** A number as a carrier wants it written; an emergency number stays as it is dialled. */
export function writtenFor(number: string, { number_format, country }: Writing): string {
  if (number_format === 'e164' || !isE164(number)) return number
  const digits = number.slice(1)
  if (number_format === 'e164_without_plus') return digits
  const parsed = parsePhoneNumberFromString(number)
  const at = country.toUpperCase() as CountryCode
  const written = parsed?.country === at ? parsed.formatNational() : parsed?.format('IDD', { fromCountry: at })
  return written?.replace(/\D/g, '') || digits
}

/**
 * The E.164 numbers that a carrier may mean by what it wrote, the likeliest first: as written with a `+`; else national in
 * its country, and the international digits without a `+`. None where it is no number.
 */
export function numbersWrittenBy({ number_format, country }: Writing, written: string): string[] {
  const text = (written.split(';')[0] ?? '').replace(/^tel:/i, '').replace(/[\s().-]/g, '')
  if (/^\+[0-9]{5,15}$/.test(text)) return [text]
  if (!/^[0-9]{3,18}$/.test(text)) return []
  const at = country === '' ? undefined : (country.toUpperCase() as CountryCode)
  const national = at && parsePhoneNumberFromString(text, at)?.number
  const international = /^[1-9][0-9]{6,14}$/.test(text) ? `+${text}` : undefined
  const found = number_format === 'national' ? [national, international] : [international, national]
  return [...new Set(found.filter((number) => number !== undefined))]
}
