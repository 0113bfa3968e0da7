import type { Clock } from '#platform/time'
import type { WebhookTarget, WebhookTargets } from './targets.ts'

const MOST_KNOWN = 5_000
const FRESH_MS = 60_000

/**
 * The targets of activeflows, remembered for a minute: a call has some thirty events, and its activeflow's target is set
 * when it is created and never changes.
 */
export class ActiveflowTargets {
  readonly #clock: Clock
  readonly #targets: WebhookTargets
  readonly #known = new Map<string, { target: WebhookTarget | undefined; atMs: number }>()

  constructor(clock: Clock, targets: WebhookTargets) {
    this.#clock = clock
    this.#targets = targets
  }

  /** Where the activeflow's events go; `undefined` = nowhere. */
  async find(customer_id: string, activeflow_id: string): Promise<WebhookTarget | undefined> {
    const nowMs = this.#clock.monotonicMs()
    const key = `${customer_id} ${activeflow_id}`
    const known = this.#known.get(key)
    if (known && nowMs - known.atMs < FRESH_MS) return known.target
    const found = await this.#targets.activeflow(customer_id, activeflow_id)
    const target = found && found.uri !== '' ? found : undefined
    this.#known.delete(key)
    this.#known.set(key, { target, atMs: nowMs })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest)
    return target
  }
}
