import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** `X-VoIPBIN-Signature` of a body: lower-case hex HMAC-SHA256 with the customer's secret; none without a secret. */
export function signature(body: string | Uint8Array, secret: string): string | undefined {
  if (secret === '') return undefined
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** What one attempt is signed as: what it carries, and when it was made. */
export interface Signed {
  id: string
  /** Seconds since 1970. */
  at: number
  body: string
}

/**
 * `webhook-signature` of Standard Webhooks: one `v1` signature for each secret that is in force, of `id.timestamp.body`;
 * none without a secret.
 */
export function standardSignature({ id, at, body }: Signed, secrets: readonly string[]): string | undefined {
  const keys = secrets.flatMap(standardKey)
  if (keys.length === 0) return undefined
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')}`)
    .join(' ')
}

const PREFIX = 'whsec_'

/** `whsec_…` is base64, as Standard Webhooks has it; any other secret is its own bytes. None of an empty one. */
function standardKey(secret: string): KeyObject[] {
  const bytes = secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret)
  return bytes.length === 0 ? [] : [createSecretKey(bytes)] // handed over as bytes, a key costs several times as much
}

/** A new secret as Standard Webhooks writes it. */
export function standardSecret(key: Uint8Array): string {
  return `${PREFIX}${Buffer.from(key).toString('base64')}`
}
