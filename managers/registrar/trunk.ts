import { isIP } from 'node:net'
import type { Fault } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Trunk, TrunkAuthType, TrunkFields } from './trunk-contract.ts'

/** A trunk as it is stored: of its password only the digest secrets, which are empty where there is none. */
export interface TrunkRecord {
  id: string
  customer_id: string
  name: string
  detail: string
  /** Lower case. */
  domain_name: string
  auth_types: TrunkAuthType[]
  username: string
  ha1_md5: string
  ha1_sha256: string
  /** Addresses and networks. */
  allowed_ips: string[]
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The digest realm of a trunk, and the host that its devices call. */
export function trunkRealm(domain_name: string, base: string): string {
  return `${domain_name}.trunk.${base}`
}

/** The shortest and the longest password of a trunk, in characters. */
export const TRUNK_PASSWORD_MIN = 8
export const TRUNK_PASSWORD_MAX = 128

const DOMAIN_NAME = /^[A-Za-z][A-Za-z0-9.-]{1,30}$/
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/
/** What may stand in a digest username without ambiguity (RFC 7616 §3.4: no colon), without quoting. */
const USERNAME = /^[^\s:"\\\p{Cc}]{1,64}$/u

/** What is wrong with a domain name; `undefined` when nothing is. */
export function faultOfDomainName(domain_name: string): string | undefined {
  if (!DOMAIN_NAME.test(domain_name)) return 'must be a letter and 1 to 30 letters, digits, dots or hyphens'
  const isHostName = domain_name.split('.').every((label) => LABEL.test(label))
  return isHostName ? undefined : 'must be labels of a host name: no hyphen at an edge, nothing empty between dots'
}

/**
 * What is wrong with how a trunk's devices prove themselves. `keepsPassword`: it has one for this username, and an empty one
 * keeps it.
 */
export function faultsOfAuthentication(wanted: TrunkFields, keepsPassword: boolean): Fault[] {
  const { auth_types, username, password, allowed_ips } = wanted
  const faults: Fault[] = []
  const fault = (field: string, issue: string) => faults.push({ field, issue })
  if (new Set(auth_types).size < auth_types.length) fault('auth_types', 'names one twice')
  const needsPassword = auth_types.includes('basic')
  if ((needsPassword || username !== '') && !USERNAME.test(username))
    fault('username', 'must be 1 to 64 characters without spaces, colons, quotes and backslashes')
  const passwordIssue = faultOfTrunkPassword(password, username)
  if (password === '' ? needsPassword && !keepsPassword : passwordIssue !== undefined)
    fault('password', passwordIssue ?? 'is needed')
  if (auth_types.includes('ip') && allowed_ips.length === 0) fault('allowed_ips', 'must name an address')
  for (const [at, entry] of allowed_ips.entries()) {
    const issue = faultOfNetwork(entry)
    if (issue) faults.push({ field: `allowed_ips[${at}]`, issue })
  }
  return faults
}

function faultOfTrunkPassword(password: string, username: string): string | undefined {
  const { length } = password
  if (length < TRUNK_PASSWORD_MIN || length > TRUNK_PASSWORD_MAX)
    return `must have ${TRUNK_PASSWORD_MIN} to ${TRUNK_PASSWORD_MAX} characters`
  if (password === username) return 'must not be the username'
  return /\p{Cc}/u.test(password) ? 'must not hold control characters' : undefined
}

/** The widest networks that are taken: wider ones are a mistake that lets everybody in. */
const FEWEST_BITS = { 4: 8, 6: 16 } as const

function faultOfNetwork(text: string): string | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if ((version !== 4 && version !== 6) || rest.length > 0 || address.includes('%'))
    return 'must be an IP address or a network such as 192.0.2.0/24'
  if (bits === undefined) return undefined
  const most = version === 4 ? 32 : 128
  const isBits = /^\d{1,3}$/.test(bits) && Number(bits) <= most && Number(bits) >= FEWEST_BITS[version]
  return isBits ? undefined : `must have a prefix of ${FEWEST_BITS[version]} to ${most} bits`
}

/** A trunk as the API shows it; the password only where it is handed in, after creation and update. */
export function presentTrunk({ ha1_md5: _, ha1_sha256: __, ...record }: TrunkRecord, password = ''): Trunk {
  return { ...record, password }
}
