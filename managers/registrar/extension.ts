import type { Timestamp } from '#platform/time'
import type { Extension } from './contract.ts'
import type { Binding } from './sip/binding.ts'

/** An extension as it is stored: of its password only the digest secrets. */
export interface ExtensionRecord {
  id: string
  customer_id: string
  name: string
  detail: string
  extension: string
  domain_name: string
  username: string
  ha1_md5: string
  ha1_sha256: string
  direct_hash: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** The user part of a SIP URI without escapes (RFC 3261 §25.1: unreserved and user-unreserved), at most 64 long. */
const SIP_USER = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/]{1,64}$/

/** The emergency numbers that phones know without being told (3GPP TS 22.101 §10.1.1), as far as no desk is called so. */
const EMERGENCY_EVERYWHERE: readonly string[] = ['000', '112', '911', '999']
export const IS_EMERGENCY_NUMBER = 'must not be an emergency number, which whoever dials it would not reach'

/** What is wrong with the text of an extension, for the caller to read; `undefined` when nothing is. */
export function faultOfExtension(extension: string): string | undefined {
  if (!SIP_USER.test(extension)) return "must be 1 to 64 letters, digits or characters of -_.!~*'()&=+$,;?/"
  // The routing reads these before it looks for an extension, so that one could never be called.
  if (extension.startsWith('direct.')) return 'must not begin with direct.'
  if (extension.startsWith('+')) return 'must not begin with +, which says that a telephone number follows'
  if (EMERGENCY_EVERYWHERE.includes(extension)) return IS_EMERGENCY_NUMBER
  return undefined
}

/** What is wrong with a password besides its length; `undefined` when nothing is. */
export function faultOfPassword(password: string, extension: string): string | undefined {
  if (password === extension) return 'must not be the extension itself'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u001f\u007f]/.test(password)) return 'must not hold control characters'
  return undefined
}

/** An extension as the API shows it; the password only where it is handed in, after creation and update. */
export function presentExtension(
  { ha1_md5: _, ha1_sha256: __, ...record }: ExtensionRecord,
  { password = '', contacts = [] }: { password?: string; contacts?: readonly Binding[] } = {},
): Extension {
  return {
    ...record,
    password,
    contacts: contacts.map(({ uri, user_agent, tm_create, tm_update, tm_expire }) => ({
      ...{ uri, user_agent, tm_create, tm_update, tm_expire },
    })),
  }
}
