import type { Clock } from '#platform/time'

export interface BeginGateNeeds {
  clock: Clock
  /** Whether what a new call writes would be on disk soon. */
  writable(): boolean
}

/** How often a call that waits looks again. */
const LOOK_MS = 20
/** A stall that is older refuses new calls at once. */
const LONGEST_STALL_MS = 2_000

/**
 * Whether a new call may begin. A short stall of the database (a checkpoint, a busy disk) makes callers wait, who have
 * their 100 by then; one that lasts refuses them, so that neither they nor memory wait for nothing.
 */
export class BeginGate {
  readonly #clock: Clock
  readonly #writable: () => boolean
  #stalledSinceMs: number | undefined

  constructor(needs: BeginGateNeeds) {
    this.#clock = needs.clock
    this.#writable = needs.writable
  }

  /** True as soon as calls may begin; false once they could not for `LONGEST_STALL_MS`. */
  async pass(): Promise<boolean> {
    for (;;) {
      const nowMs = this.#clock.monotonicMs()
      if (this.#writable()) {
        this.#stalledSinceMs = undefined
        return true
      }
      this.#stalledSinceMs ??= nowMs
      if (nowMs - this.#stalledSinceMs >= LONGEST_STALL_MS) return false
      await new Promise<void>((resolve) => this.#clock.after(LOOK_MS, resolve))
    }
  }
}
