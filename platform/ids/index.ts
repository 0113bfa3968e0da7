import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'

/** "No value" of every id on the wire: never null, never left out. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Where ids and randomness come from; handed in so that tests can foresee them. */
export interface Ids {
  /** A fresh UUID v4 in lower case. */
  uuid(): string
  /** `count` random bytes. */
  bytes(count: number): Uint8Array
  /** A whole number from 0 up to but not including `below`. */
  integer(below: number): number
}

/** Ids from the machine's cryptographic random source. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  bytes: (count) => randomBytes(count),
  integer: (below) => randomInt(below),
}

/** Foreseeable ids for tests: the same seed gives the same sequence. */
export function sequentialIds(seed = 1): Ids {
  let next = seed
  return {
    uuid: () => `00000000-0000-4000-8000-${(next++).toString(16).padStart(12, '0')}`,
    bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff),
    integer: (below) => next++ % below,
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether the text has the form of a UUID (any version, the nil UUID included). */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** The UUID that a name always has (version 8 of RFC 9562, of its SHA-256): so that what is done again is recognised. */
export function uuidOfName(name: string): string {
  return written(createHash('sha256').update(name).digest().subarray(0, 16), 8)
}

/** The namespace of domain names (RFC 9562 §6.6). */
export const DNS_NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'

/** The UUID version 5 of a name in a namespace (RFC 9562 §5.5), where others compute the same one. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  return written(bytes, 5)
}

/** Bytes as a UUID of this version, with the variant of RFC 9562. */
function written(bytes: Uint8Array, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** `length` random characters of `A-Z a-z 0-9`, for tokens and generated passwords. */
export function randomText(ids: Ids, length: number): string {
  let text = ''
  for (let at = 0; at < length; at++) text += ALPHANUMERIC[ids.integer(ALPHANUMERIC.length)]
  return text
}

/** `bytes` random bytes as lower-case hex. */
export function randomHex(ids: Ids, bytes: number): string {
  return Buffer.from(ids.bytes(bytes)).toString('hex')
}
