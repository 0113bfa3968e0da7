import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { Question, Reply } from '../asking/question.ts'
import type { Flow } from '../transport/flow.ts'
import { OutboundRegistration, type RegistrationOptions, type RegistrationState } from './outbound-registration.ts'

/** REGISTERs under way at once; the others wait for their turn. */
const MOST_AT_ONCE = 20
/** Registrations of one process. */
const MOST_REGISTRATIONS = 1_000

/** Every registration of ours with others, told apart by the user part of its Contact. */
export class OutboundRegistrations {
  readonly #needs: { clock: Clock; ids: Ids; ask(question: Question): Promise<Reply> }
  readonly #changed: (contactUser: string, state: RegistrationState) => void
  readonly #registrations = new Map<string, OutboundRegistration>()
  readonly #waiting: (() => void)[] = []
  #underWay = 0

  /** `changed` hears of each new state of each of them. */
  constructor(
    needs: { clock: Clock; ids: Ids; ask(question: Question): Promise<Reply> },
    changed: (contactUser: string, state: RegistrationState) => void,
  ) {
    this.#needs = needs
    this.#changed = changed
  }

  /** Registers there from now on, in place of what had this Contact before. False where there are too many. */
  async put(options: RegistrationOptions): Promise<boolean> {
    const { contactUser } = options
    await this.remove(contactUser)
    if (this.#registrations.size >= MOST_REGISTRATIONS) return false
    const { clock, ids } = this.#needs
    const registration = new OutboundRegistration(options, {
      ...{ clock, ids },
      ask: (question) => this.#inTurn(() => this.#needs.ask(question)),
      changed: (state) => this.#changed(contactUser, state),
    })
    this.#registrations.set(contactUser, registration)
    registration.start()
    return true
  }

  /** The one that an INVITE is for, by the user part of its Request-URI. */
  find(contactUser: string): OutboundRegistration | undefined {
    return this.#registrations.get(contactUser)
  }

  /** A connection has closed: what was registered over it is renewed. */
  flowClosed(flow: Pick<Flow, 'remote'>): void {
    for (const registration of this.#registrations.values()) registration.flowClosed(flow)
  }

  /** Takes one back. */
  async remove(contactUser: string): Promise<void> {
    const registration = this.#registrations.get(contactUser)
    this.#registrations.delete(contactUser)
    await registration?.stop()
  }

  /** Takes them all back. */
  async stop(): Promise<void> {
    await Promise.all([...this.#registrations.keys()].map((contactUser) => this.remove(contactUser)))
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#underWay++
    try {
      return await run()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#underWay--
    }
  }
}
