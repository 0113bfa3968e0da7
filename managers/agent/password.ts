import { argon2, timingSafeEqual } from 'node:crypto'
import type { Ids } from '#platform/ids'

/**
 * Passwords as argon2id (RFC 9106), written in the PHC string format, so that the parameters can grow: some 40 ms and
 * 19 MiB each on a present-day core (the OWASP minimum), computed on the thread pool.
 */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1 } as const
const TAG_BYTES = 32
const SALT_BYTES = 16

/** Hashes a password for keeping. */
export async function hashPassword(ids: Ids, password: string): Promise<string> {
  const salt = Buffer.from(ids.bytes(SALT_BYTES))
  const tag = await derive(password, salt, PARAMETERS)
  const { memory, passes, parallelism } = PARAMETERS
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/** Whether the password is the one that was hashed. A text that is no such hash matches nothing. */
export async function verifyPassword(password: string, kept: string): Promise<boolean> {
  const parsed = parse(kept)
  if (!parsed) return false
  const tag = await derive(password, parsed.salt, parsed)
  return tag.length === parsed.tag.length && timingSafeEqual(tag, parsed.tag)
}

/** Checked against when there is no such agent, so that an unknown username takes as long as a wrong password. */
export const NOBODYS_HASH = `$argon2id$v=19$m=${PARAMETERS.memory},t=${PARAMETERS.passes},p=${PARAMETERS.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function parse(kept: string) {
  const match = FORM.exec(kept)
  if (!match) return undefined
  const [, memory, passes, parallelism, salt = '', tag = ''] = match
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function derive(
  password: string,
  nonce: Buffer,
  { memory, passes, parallelism }: { memory: number; passes: number; parallelism: number },
): Promise<Buffer> {
  const options = { message: password, nonce, memory, passes, parallelism, tagLength: TAG_BYTES }
  return new Promise((resolve, reject) => {
    argon2('argon2id', options, (error, tag) => (error ? reject(error) : resolve(tag)))
  })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
