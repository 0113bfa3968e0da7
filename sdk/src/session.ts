import type { Credentials } from './options.ts'

/** Who asks. However many requests need a new token at the same moment, one login is made for all of them. */
export class Session {
  #bearer: string | undefined
  readonly #login: (() => Promise<string>) | undefined
  #underWay: Promise<string> | undefined

  /** `logIn` asks the platform for a token with a password. */
  constructor(credentials: Credentials, logIn: (username: string, password: string) => Promise<string>) {
    const { accesskey, token, username, password, login } = credentials
    const ways = [accesskey, username, login].filter((way) => way !== undefined)
    if (ways.length > 1 || (accesskey !== undefined && token !== undefined))
      throw new TypeError('give one of accesskey, username with password, and login')
    if ((username === undefined) !== (password === undefined))
      throw new TypeError('username and password belong together')
    this.#bearer = accesskey ?? token
    this.#login = username !== undefined && password !== undefined ? () => logIn(username, password) : login
  }

  /** Whether there is a way to a new token. */
  get canRenew(): boolean {
    return this.#login !== undefined
  }

  /** What goes into `Authorization`; logs in where there is nothing yet. `undefined`: asks as nobody. */
  async bearer(signal?: AbortSignal): Promise<string | undefined> {
    return this.#bearer ?? (this.#login ? this.#renew(signal) : undefined)
  }

  /** Logs in again, unless somebody else has done so since `used` was sent. */
  async renew(used: string | undefined, signal?: AbortSignal): Promise<void> {
    if (this.#bearer === used) await this.#renew(signal)
  }

  #renew(signal: AbortSignal | undefined): Promise<string> {
    const login = this.#login
    if (!login) throw new Error('there is no way to log in')
    // it belongs to all who wait for it: one who gives up does not end it
    this.#underWay ??= (async () => {
      try {
        const bearer = await login()
        this.#bearer = bearer
        return bearer
      } finally {
        this.#underWay = undefined
      }
    })()
    return unlessAborted(this.#underWay, signal)
  }
}

/** The outcome of a promise, or the reason of the signal if that comes first. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
