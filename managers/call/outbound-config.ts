import { provisioningErrors } from '#managers/provisioning/errors'
import { apiErrors, type Fault } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import { isCountry } from './country.ts'

/** What a customer may call in the telephone network (`provisioning.md` §5): one per customer. */
export interface OutboundConfig {
  id: string
  customer_id: string
  name: string
  detail: string
  /** ISO 3166 alpha-2 in lower case, or `sandbox`; with none of them nothing may be called. */
  destination_whitelist: string[]
  /** What SIP destinations are offered, the preferred one first, joined by commas; empty for what the platform has. */
  codecs: string
  /** Shows who calls where the caller has no number of its own; the nil UUID for none. */
  default_outgoing_source_number_id: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The configuration of a new customer: it calls nobody in the telephone network. */
export function newOutboundConfig(id: string, customer_id: string, tm_create: Timestamp): OutboundConfig {
  return {
    ...{ id, customer_id, name: '', detail: '', destination_whitelist: [], codecs: '' },
    default_outgoing_source_number_id: NIL_UUID,
    ...{ tm_create, tm_update: null, tm_delete: null },
  }
}

/** Countries as they are kept: in lower case, each a known one and once. Throws `INVALID_ARGUMENT`, each fault at its place. */
export function readWhitelist(countries: readonly string[]): string[] {
  const codes = countries.map((country) => country.trim().toLowerCase())
  const faults = codes.flatMap((code, at): Fault[] => {
    const field = `destination_whitelist[${at}]`
    const pointer = `/destination_whitelist/${at}`
    if (!isCountry(code))
      return [{ field, pointer, issue: 'must be a country by ISO 3166 alpha-2, such as us, or sandbox' }]
    return codes.indexOf(code) < at ? [{ field, pointer, issue: `names ${code} again` }] : []
  })
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  return codes
}

const MOST_CODECS = 255
/** Letters and digits, with hyphens inside. */
const CODEC = /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/

/** Codecs as they are kept: names without spaces around them. Throws `INVALID_CODECS`. */
export function readCodecList(list: string): string {
  if (list.length > MOST_CODECS)
    throw provisioningErrors.INVALID_CODECS({ issue: `has more than ${MOST_CODECS} characters` })
  if (list.trim() === '') return ''
  const names = list.split(',').map((name) => name.trim())
  if (names.includes('')) throw provisioningErrors.INVALID_CODECS({ issue: 'has an empty entry' })
  const wrong = names.findIndex((name) => !CODEC.test(name))
  if (wrong >= 0)
    throw provisioningErrors.INVALID_CODECS({
      issue: `entry ${wrong + 1} is no name of letters, digits and inner hyphens`,
    })
  const upper = names.map((name) => name.toUpperCase())
  const again = upper.findIndex((name, at) => upper.indexOf(name) < at)
  if (again >= 0) throw provisioningErrors.INVALID_CODECS({ issue: `names ${upper[again]} twice` })
  return names.join(',')
}
