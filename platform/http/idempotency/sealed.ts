import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import type { Ids } from '#platform/ids'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What is kept of a key: enough to know it again, nothing to read an answer with. */
export function digestOf(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Seals an answer with the caller's own key: answers hold tokens that are shown once, and whoever reads the database does
 * not have that key.
 */
export function seal(text: string, key: string, ids: Ids): Buffer {
  const nonce = Buffer.from(ids.bytes(NONCE_BYTES))
  const cipher = createCipheriv(CIPHER, secretOf(key, nonce), nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** Opens what `seal` made with this key; throws where it is not that. */
export function unseal(sealed: Buffer, key: string): string {
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, secretOf(key, nonce), nonce)
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}

function secretOf(key: string, nonce: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, nonce, 'strowger idempotency', 32))
}
