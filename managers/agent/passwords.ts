import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { hashPassword, NOBODYS_HASH, verifyPassword } from './password.ts'
import { Turnstile } from './turnstile.ts'

/** Passwords that are worked on at once (each takes a core and 19 MiB), and that may wait for it. */
const AT_ONCE = 2
const MOST_WAITING = 100

/** Hashes and checks passwords, a few at a time; when too many wait it is `SERVICE_UNAVAILABLE`. */
export class Passwords {
  readonly #ids: Ids
  readonly #turnstile = new Turnstile(AT_ONCE, MOST_WAITING)

  constructor(ids: Ids) {
    this.#ids = ids
  }

  hash(password: string): Promise<string> {
    return this.#turnstile.run(() => hashPassword(this.#ids, password), tooMany)
  }

  /** Whether the password is the one that was hashed. Of nobody (`''`) it never is, after the same work. */
  verify(password: string, kept: string): Promise<boolean> {
    return this.#turnstile.run(() => verifyPassword(password, kept || NOBODYS_HASH), tooMany)
  }
}

function tooMany(): never {
  throw apiErrors.SERVICE_UNAVAILABLE({})
}
