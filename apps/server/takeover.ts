import type { CallRecovery, RecordingRecovery } from '#managers/call'
import type { FlowRuntime } from '#managers/flow'
import type { Log } from '#platform/log'
import type { NodeIdentity } from '#platform/node'
import type { Clock, Timer } from '#platform/time'

const LOOK_MS = 5_000

/**
 * Clears up after lives that are over: first calls (their phones get a BYE), then recordings, then the flows that no call
 * holds.
 */
export class Takeover {
  readonly #node: NodeIdentity
  readonly #calls: CallRecovery
  readonly #recordings: RecordingRecovery
  readonly #flows: FlowRuntime
  readonly #clock: Clock
  readonly #log: Log
  #timer: Timer | undefined
  #stopped = false

  constructor(needs: {
    node: NodeIdentity
    calls: CallRecovery
    recordings: RecordingRecovery
    flows: FlowRuntime
    clock: Clock
    log: Log
  }) {
    this.#node = needs.node
    this.#calls = needs.calls
    this.#recordings = needs.recordings
    this.#flows = needs.flows
    this.#clock = needs.clock
    this.#log = needs.log
  }

  /** Looks once, now, and from then on every five seconds. Resolves when the first look is done. */
  async start(): Promise<void> {
    await this.#look()
    await this.#recordings.recover(await this.#node.ended(await this.#recordings.livesWithOpen()))
    this.#next()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #next(): void {
    if (this.#stopped) return
    this.#timer = this.#clock.after(LOOK_MS, () => void this.#look().finally(() => this.#next()))
  }

  async #look(): Promise<void> {
    try {
      for (const dead of await this.#node.deadIncarnations()) {
        if (!(await this.#node.takeOver(dead))) continue
        await this.#calls.recover([dead])
        await this.#recordings.recover([dead])
        await this.#flows.recover([dead])
        await this.#node.bury(dead)
      }
    } catch (error) {
      this.#log.warn({ error }, 'an earlier life could not be cleared up after; trying again')
    }
  }
}
