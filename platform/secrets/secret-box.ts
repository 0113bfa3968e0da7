import { createCipheriv, createDecipheriv } from 'node:crypto'
import { InvariantError } from '#platform/errors'
import type { Ids } from '#platform/ids'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** What is written in front, so that another way to encrypt can be told from this one. */
const VERSION = 'v1'

/**
 * Keeps secrets that must be read again, such as passwords that we send: AES-256-GCM (NIST SP 800-38D) with a random nonce.
 * What was sealed for one owner (a row's id) opens for no other, so that a value copied between rows is useless.
 */
export class SecretBox {
  readonly #key: Uint8Array
  readonly #ids: Pick<Ids, 'bytes'>

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array, ids: Pick<Ids, 'bytes'>) {
    if (key.length !== KEY_BYTES) throw new InvariantError('the key of secrets has not 32 bytes')
    this.#key = key
    this.#ids = ids
  }

  /** The secret as it is stored; an empty one stays empty. */
  seal(secret: string, owner: string): string {
    if (secret === '') return ''
    const nonce = this.#ids.bytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(owner))
    const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${VERSION}.${sealed.toString('base64')}`
  }

  /** The secret that was sealed; `undefined` where it was sealed with another key, for another owner, or was changed. */
  open(stored: string, owner: string): string | undefined {
    if (stored === '') return ''
    const sealed = Buffer.from(stored.slice(VERSION.length + 1), 'base64')
    if (!stored.startsWith(`${VERSION}.`) || sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAAD(Buffer.from(owner)).setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      return undefined
    }
  }
}
