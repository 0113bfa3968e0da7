import { isSupportedCountry } from 'libphonenumber-js/max'
import { apiErrors } from '#platform/http'
import { normaliseCodecs } from './codecs.ts'
import { readHostname } from './hostname.ts'
import { readNetwork } from './networks.ts'
import type { ProviderFields } from './provider.ts'
import type { ProviderWrite } from './provider-contract.ts'
import { faultsOfTechHeaders } from './tech-headers.ts'

/** What may stand around a number in the user part of a SIP URI. */
const AFFIX = /^[A-Za-z0-9+*#._;=-]*$/
/** What may stand in a quoted string of a digest answer. */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\uffff]*$/

/** A body as it is stored, the password apart. Throws everything that is wrong with it, or `INVALID_CODECS`. */
export function fieldsOfBody(body: ProviderWrite): Omit<ProviderFields, 'sealed_password'> {
  const faults = faultsOf(body)
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  return {
    type: body.type,
    hostname: body.hostname.trim().toLowerCase(),
    tech_prefix: body.tech_prefix,
    tech_postfix: body.tech_postfix,
    tech_headers: body.tech_headers,
    name: body.name,
    detail: body.detail,
    codecs: normaliseCodecs(body.codecs ?? ''),
    transport: body.transport ?? 'udp',
    username: body.username ?? '',
    realm: body.realm ?? '',
    registration: body.registration ?? false,
    addresses: (body.addresses ?? []).map((address) => address.trim().toLowerCase()),
    failover_causes: body.failover_causes ?? null,
    number_format: body.number_format ?? 'e164',
    country: (body.country ?? '').toLowerCase(),
    user_phone: body.user_phone ?? false,
    assert_identity: body.assert_identity ?? false,
  }
}

function faultsOf(body: ProviderWrite): { field: string; issue: string }[] {
  const { hostname, username = '', realm = '', registration, addresses = [], number_format, country = '' } = body
  const wrong = (field: string, isWrong: boolean, issue: string) => (isWrong ? [{ field, issue }] : [])
  return [
    ...wrong(
      'hostname',
      readHostname(hostname) === undefined,
      'must be a host name or an address, with or without a port',
    ),
    ...wrong('tech_prefix', !AFFIX.test(body.tech_prefix), 'has characters that cannot stand before a number'),
    ...wrong('tech_postfix', !AFFIX.test(body.tech_postfix), 'has characters that cannot stand after a number'),
    ...faultsOfTechHeaders(body.tech_headers),
    ...wrong('username', !QUOTABLE.test(username), 'has characters that cannot be sent'),
    ...wrong('realm', !QUOTABLE.test(realm), 'has characters that cannot be sent'),
    ...wrong('username', registration === true && username === '', 'is needed to register'),
    ...wrong('country', number_format === 'national' && country === '', 'is needed to write national numbers'),
    ...wrong('country', country !== '' && !isSupportedCountry(country.toUpperCase()), 'is no country that has numbers'),
    ...addresses.flatMap((address, at) =>
      wrong(`addresses[${at}]`, readNetwork(address) === undefined, 'is no address or network'),
    ),
  ]
}
