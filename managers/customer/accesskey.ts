import { createHash } from 'node:crypto'
import { type Ids, randomText } from '#platform/ids'
import { type Timestamp, timestampToMs } from '#platform/time'
import type { Accesskey } from './accesskey-contract.ts'

/** An access key as it is stored: of its token only the SHA-256 and the first eleven characters. */
export interface AccesskeyRecord {
  id: string
  customer_id: string
  name: string
  detail: string
  token_hash: Uint8Array
  token_prefix: string
  tm_expire: Timestamp
  /** To a minute; `null` while nobody has used it. */
  tm_last_used: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

const FORM = /^vb_[A-Za-z0-9]{32}$/

/** Whether a text can be an access key at all, before anybody asks the database about it. */
export function isAccesskeyToken(token: string): boolean {
  return FORM.test(token)
}

/** A fresh token: `vb_` and 32 characters of `A-Z a-z 0-9`, some 190 bits. */
export function newAccesskeyToken(ids: Ids): string {
  return `vb_${randomText(ids, 32)}`
}

export function prefixOfToken(token: string): string {
  return token.slice(0, 11)
}

/** Tokens are random, so one round of SHA-256 keeps them as safe as any slow hash would. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Whether the key still opens the door at this moment (milliseconds since 1970). */
export function isUsable(accesskey: Pick<AccesskeyRecord, 'tm_expire' | 'tm_delete'>, nowMs: number): boolean {
  return accesskey.tm_delete === null && (timestampToMs(accesskey.tm_expire) ?? 0) > nowMs
}

/** A key as the API shows it; the token only where it is handed in, which is in the answer of the creation. */
export function presentAccesskey(accesskey: AccesskeyRecord, token = ''): Accesskey {
  const { name, detail } = accesskey
  return {
    id: accesskey.id,
    customer_id: accesskey.customer_id,
    ...(name && { name }),
    ...(detail && { detail }),
    ...(token && { token }),
    token_prefix: accesskey.token_prefix,
    tm_expire: accesskey.tm_expire,
    tm_last_used: accesskey.tm_last_used,
    tm_create: accesskey.tm_create,
    tm_update: accesskey.tm_update,
    tm_delete: accesskey.tm_delete,
  }
}
