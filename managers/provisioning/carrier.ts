import { codecsOf, type ProviderCodec } from './codecs.ts'
import { readHostname } from './hostname.ts'
import type { ProviderRecord } from './provider.ts'
import type { Provider } from './provider-contract.ts'

/** A provider as calls use it. */
export interface Carrier
  extends Pick<
    Provider,
    | ('id' | 'name' | 'transport' | 'tech_prefix' | 'tech_postfix' | 'tech_headers' | 'addresses')
    | ('failover_causes' | 'number_format' | 'country' | 'user_phone' | 'assert_identity' | 'registration')
  > {
  /** As in a Request-URI. */
  host: string
  port?: number
  /** The preferred one first; none: whatever the platform offers. */
  codecs: readonly ProviderCodec[]
  /** Part of the platform: its address may be private. */
  isInternal: boolean
  isHealthy: boolean
  /** Who we are there; absent where nobody is to be. */
  credentials?: { username: string; password: string; realm: string }
}

/** A way to a provider, as the calls of one customer take it. */
export interface CarrierRoute {
  /** Of a route that a request forced, the provider's id. */
  route_id: string
  carrier: Carrier
}

/** Makes a row ready for use; `undefined` where its host cannot be read. */
export function carrierOf(
  record: ProviderRecord,
  open: (sealed: string, owner: string) => string | undefined,
): Carrier | undefined {
  const at = readHostname(record.hostname)
  if (!at) return undefined
  const { id, username, sealed_password } = record
  const password = open(sealed_password, id) ?? ''
  const realm = record.realm || at.host
  return {
    id,
    name: record.name,
    transport: record.transport,
    tech_prefix: record.tech_prefix,
    tech_postfix: record.tech_postfix,
    tech_headers: record.tech_headers,
    addresses: record.addresses,
    failover_causes: record.failover_causes,
    number_format: record.number_format,
    country: record.country,
    user_phone: record.user_phone,
    assert_identity: record.assert_identity,
    registration: record.registration,
    ...at,
    codecs: codecsOf(record.codecs),
    isInternal: record.is_internal,
    isHealthy: record.health_status !== 'unhealthy',
    ...(username === '' ? {} : { credentials: { username, password, realm } }),
  }
}
