import { createHash } from 'node:crypto'

/** What the SIP side needs to check a phone's digest: only hashes of the password exist. */
export interface ExtensionCredentials {
  extension_id: string
  customer_id: string
  /** The SIP user, which is the digest username too. */
  extension: string
  /** H(username ":" realm ":" password) in lower-case hex, by MD5 and by SHA-256 (RFC 7616 §3.4.2). */
  ha1_md5: string
  ha1_sha256: string
}

/** Reads the digest secrets of extensions. */
export interface ExtensionCredentialsReader {
  /** The live extension of this SIP user in this customer, with its HA1s for the realm of `registrarRealm`. */
  findCredentials(customer: string, extension: string): Promise<ExtensionCredentials | undefined>
}

/** The digest realm and registrar host of a customer's extensions. */
export function registrarRealm(customer: string, base: string): string {
  return `${customer}.registrar.${base}`
}

/** The HA1s of a password (RFC 7616 §3.4.2). */
export function digestSecrets(username: string, realm: string, password: string) {
  const secret = `${username}:${realm}:${password}`
  return {
    ha1_md5: createHash('md5').update(secret).digest('hex'),
    ha1_sha256: createHash('sha256').update(secret).digest('hex'),
  }
}
