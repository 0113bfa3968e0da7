import type { Clock, Timer } from '#platform/time'
import type { Machine, Step, TimerName } from './step.ts'

/** What a runner needs of the world. */
export interface RunnerNeeds<Message, Tell> {
  readonly clock: Clock
  /** Puts the message on the wire; `failed` may be called later, never at once. */
  send(message: Message, again: boolean, failed: (error: Error) => void): void
  tell(tell: Tell): void
  /** The machine has terminated; nothing follows. */
  ended(): void
}

/** Inputs that the runner makes itself. */
export type OwnInput =
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport failed'; readonly error: Error }

/**
 * Runs one machine of this folder: keeps its state, sends what it orders, sets its timers. Everything else about a
 * transaction, above all when to do what, is the machine's.
 */
export class Runner<State extends { readonly at: string }, Input, Message, Tell> {
  readonly #machine: Machine<State, Input | OwnInput, Message, Tell>
  readonly #needs: RunnerNeeds<Message, Tell>
  readonly #timers = new Map<TimerName, Timer>()
  #state: State | undefined
  #isDropped = false

  constructor(machine: Machine<State, Input | OwnInput, Message, Tell>, needs: RunnerNeeds<Message, Tell>) {
    this.#machine = machine
    this.#needs = needs
  }

  /** Where the machine is; `new` before `begin`. */
  get at(): State['at'] | 'new' {
    return this.#state?.at ?? 'new'
  }

  begin(): void {
    this.#take(this.#machine.begin())
  }

  on(input: Input | OwnInput): void {
    const state = this.#state
    if (state && state.at !== 'terminated' && !this.#isDropped) this.#take(this.#machine.next(state, input))
  }

  /** Forgets everything at once, telling nobody, whatever still comes of what was sent. */
  drop(): void {
    this.#isDropped = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #take(step: Step<State, Message, Tell>): void {
    const was = this.#state
    this.#state = step.state
    if (step.state.at === 'terminated') this.drop()
    for (const order of step.orders) {
      switch (order.do) {
        case 'send':
          this.#needs.send(order.message, order.again, (error) => this.on({ type: 'transport failed', error }))
          break
        case 'start':
          this.#start(order.timer, order.afterMs)
          break
        case 'stop':
          this.#timers.get(order.timer)?.cancel()
          this.#timers.delete(order.timer)
          break
        case 'tell':
          this.#needs.tell(order.tell)
          break
      }
    }
    if (step.state.at === 'terminated' && was?.at !== 'terminated') this.#needs.ended()
  }

  #start(timer: TimerName, afterMs: number): void {
    this.#timers.get(timer)?.cancel()
    const set = this.#needs.clock.after(afterMs, () => {
      this.#timers.delete(timer)
      this.on({ type: 'timer', timer })
    })
    this.#timers.set(timer, set)
  }
}
