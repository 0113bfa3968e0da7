import type { CallFlow } from '#managers/call'
import type { LaneWrite } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { checkActions } from './check-actions.ts'
import { type Flow, TEMPORARY_MS, temporaryFlow } from './flow.ts'
import { type FlowStore, flowWrite } from './flow-store.ts'

type Actions = Extract<CallFlow, { actions: unknown }>['actions']

/** How often those that are over are removed, and how many at a time. */
const REMOVE_EVERY_MS = 600_000
const BATCH = 1_000
/** Calls of one request have one temporary flow; whoever comes later with the same list gets another. Milliseconds. */
const SHARED_MS = 60_000

/**
 * Flows of actions that came without one: what is dialled, an API request, the action `call`. They have rows like saved
 * ones, so that they can be read by id; they are never listed, have no direct hash, and go after 24 h, when nothing runs
 * them any more. What runs has its own copy of the actions.
 */
export class TemporaryFlows {
  readonly #needs: { clock: Clock; ids: Ids; log: Log; flows: Pick<FlowStore, 'removeTemporary'> }
  readonly #made = new WeakMap<Actions, Flow>()
  #timer: Timer | undefined
  #stopped = false

  constructor(needs: { clock: Clock; ids: Ids; log: Log; flows: Pick<FlowStore, 'removeTemporary'> }) {
    this.#needs = needs
  }

  /**
   * The flow of these actions, and what is to be written with whatever runs it first. What is wrong with the actions
   * shows when they run.
   */
  make(customer_id: string, actions: Actions): { flow: Flow; writes: LaneWrite[] } {
    const { clock, ids } = this.#needs
    const now = clock.wallMs()
    const made = this.#made.get(actions)
    if (made?.customer_id === customer_id && made.tm_create > timestamp(now - SHARED_MS))
      return { flow: made, writes: [] }
    const checked = checkActions(actions, ['actions'], ids).actions
    const flow = temporaryFlow(ids.uuid(), customer_id, checked, timestamp(now))
    this.#made.set(actions, flow)
    return { flow, writes: [flowWrite(flow)] }
  }

  /** Begins to remove those that are over. */
  start(): void {
    if (this.#stopped) return
    this.#timer = this.#needs.clock.after(REMOVE_EVERY_MS, () => void this.#remove().finally(() => this.start()))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #remove(): Promise<void> {
    const { clock, flows, log } = this.#needs
    const before = timestamp(clock.wallMs() - TEMPORARY_MS)
    try {
      while (!this.#stopped && (await flows.removeTemporary(before, BATCH)) === BATCH);
    } catch (error) {
      log.warn({ error }, 'temporary flows could not be removed; trying again')
    }
  }
}
