import { ReasonedError } from '#platform/errors'
import type { SocketRequest } from '#platform/http'
import type { Clock, Timer } from '#platform/time'

/**
 * How often it is asked whether the credentials still hold, and how old what is remembered may be then: together the longest
 * time for which a connection outlives them.
 */
const CHECK_EVERY_MS = 15_000
const KNOWN_FOR_MS = 5_000

export interface CredentialWatchNeeds {
  clock: Clock
  /** Whose call is heard. */
  customer: string
  authenticateAgain: SocketRequest<unknown, unknown>['authenticateAgain']
  /** They no longer hold; told once. */
  onRefused: (reason: string) => void
}

/** Looks now and then whether a connection may still be there. With the database away nobody knows, and it stays. */
export class CredentialWatch {
  readonly #needs: CredentialWatchNeeds
  #timer: Timer | undefined
  #stopped = false

  constructor(needs: CredentialWatchNeeds) {
    this.#needs = needs
    this.#wait()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #wait(): void {
    if (!this.#stopped) this.#timer = this.#needs.clock.after(CHECK_EVERY_MS, () => void this.#check())
  }

  async #check(): Promise<void> {
    const refusal = await this.#refusal()
    if (this.#stopped) return
    if (refusal === undefined) return this.#wait()
    this.stop()
    this.#needs.onRefused(refusal)
  }

  async #refusal(): Promise<string | undefined> {
    const { customer, authenticateAgain } = this.#needs
    try {
      const now = await authenticateAgain({ noOlderThanMs: KNOWN_FOR_MS })
      return now.customer_id === customer ? undefined : 'the permission has changed'
    } catch (error) {
      const isRefusal = error instanceof ReasonedError && (error.http === 401 || error.http === 403)
      return isRefusal ? error.reason : undefined
    }
  }
}
