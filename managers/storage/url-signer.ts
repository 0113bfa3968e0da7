import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Clock, timestamp } from '#platform/time'
import { storageErrors } from './errors.ts'

/** How long an address is good for unless said: a day (`storage.md` §3). */
const VALID_MS = 24 * 60 * 60 * 1000
/** The last second that a date can be made of. */
const LAST_SECOND = 8_640_000_000_000

/** The query of a signed address. */
export interface Signed {
  /** Seconds since 1970. */
  expires: number
  sig: string
}

/**
 * Gives out addresses of files that need no login: whoever has one may fetch that file until it expires. HMAC-SHA256 over
 * the id and the time, with a secret that every node of the platform shares.
 */
export class UrlSigner {
  readonly #secret: Uint8Array
  readonly #clock: Clock

  constructor(needs: { secret: Uint8Array; clock: Clock }) {
    this.#secret = needs.secret
    this.#clock = needs.clock
  }

  /** The address below the API's host, e.g. `/files/<id>?expires=…&sig=…`. */
  urlOf(id: string, validMs = VALID_MS): string {
    const expires = Math.floor((this.#clock.wallMs() + validMs) / 1000)
    return `/files/${id}?expires=${expires}&sig=${this.#signature(id, expires).toString('base64url')}`
  }

  /** Throws `SIGNATURE_INVALID` or `DOWNLOAD_EXPIRED`; says nothing about whether the file exists. */
  check(id: string, { expires, sig }: Signed): void {
    const given = Buffer.from(sig, 'base64url')
    const right = this.#signature(id.toLowerCase(), expires)
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw storageErrors.SIGNATURE_INVALID()
    if (expires * 1000 > this.#clock.wallMs()) return
    throw storageErrors.DOWNLOAD_EXPIRED({ expired_at: timestamp(Math.min(expires, LAST_SECOND) * 1000) })
  }

  #signature(id: string, expires: number): Buffer {
    return createHmac('sha256', this.#secret).update(`download\n${id}\n${expires}`).digest()
  }
}
