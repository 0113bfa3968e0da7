import { isUuid } from '#platform/ids'

/** What the host of a Request-URI says about who is meant. */
export type SipDomain =
  /** `{customer_id}.registrar.{base}`: this customer's phones. */
  | { kind: 'registrar'; customer: string }
  /** The bare host name or address: the default customer's phones, and callers without credentials. */
  | { kind: 'bare'; customer: string }
  /** `sip.{base}`: callers without credentials. */
  | { kind: 'sip' }
  /** `pstn.{base}`, `conference.{base}`, `{name}.trunk.{base}`. */
  | { kind: 'pstn' }
  | { kind: 'conference' }
  | { kind: 'trunk'; name: string }
  /** Below our base domain, but nothing that we serve. */
  | { kind: 'unknown' }

const TRUNK = '.trunk'
const REGISTRAR = '.registrar'

/** Reads the host (lower case, without port) of a request. */
export function readSipDomain(host: string, platform: { base: string; defaultCustomer: string }): SipDomain {
  const bare: SipDomain = { kind: 'bare', customer: platform.defaultCustomer }
  if (!host.endsWith(`.${platform.base}`)) return bare
  const name = host.slice(0, -(platform.base.length + 1))
  if (name === 'sip' || name === 'pstn' || name === 'conference') return { kind: name }
  if (name.endsWith(REGISTRAR)) {
    const customer = name.slice(0, -REGISTRAR.length)
    return isUuid(customer) ? { kind: 'registrar', customer } : { kind: 'unknown' }
  }
  if (name.endsWith(TRUNK)) return { kind: 'trunk', name: name.slice(0, -TRUNK.length) }
  return { kind: 'unknown' }
}
