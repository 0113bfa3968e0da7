import { ReasonedError } from '#platform/errors'
import type { Clock } from '#platform/time'
import type { Bus, RequestContext, RequestOptions, Subscription } from './bus.ts'

/** A command: plain JSON that says what to do, safe to repeat under the same id. */
export interface Command {
  /** Chosen by who asks; a repeat with the same id is answered with the first answer and not carried out again. */
  id: string
  type: string
}

export interface CommandDoorOptions {
  bus: Bus
  clock: Clock
  /** How many commands are remembered (20 000); the oldest are forgotten first. */
  remember?: number
  /** How long a command is remembered, in milliseconds (120 000). */
  rememberMs?: number
}

interface Remembered {
  answer: Promise<unknown>
  atMs: number
}

/** How the API asks what lives elsewhere to act: at most once, with a deadline, safe to repeat. */
export class CommandDoor {
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #most: number
  readonly #rememberMs: number
  readonly #done = new Map<string, Remembered>()

  constructor({ bus, clock, remember = 20_000, rememberMs = 120_000 }: CommandDoorOptions) {
    this.#bus = bus
    this.#clock = clock
    this.#most = remember
    this.#rememberMs = rememberMs
  }

  /** Sends a command to who answers the subject. Rejects as `Bus.request` does. */
  ask(subject: string, command: Command, options: RequestOptions): Promise<unknown> {
    return this.#bus.request(subject, command, options)
  }

  /**
   * Answers the commands of a subject. `carryOut` sees each id once; a repeat, also while the first is under way, gets the
   * first one's answer or refusal. Only a failure without a declared reason is forgotten, so that it can be tried again.
   */
  answer(
    subject: string,
    carryOut: (command: Command, context: RequestContext) => Promise<unknown> | unknown,
  ): Subscription {
    return this.#bus.respond(subject, (body, context) => {
      if (!isCommand(body)) throw new TypeError('a command has an id and a type')
      return this.#once(`${subject} ${body.id}`, async () => carryOut(body, context))
    })
  }

  /** Commands that are remembered. */
  get remembered(): number {
    return this.#done.size
  }

  #once(key: string, carryOut: () => Promise<unknown>): Promise<unknown> {
    this.#forgetOld()
    const known = this.#done.get(key)
    if (known) return known.answer
    const entry: Remembered = { answer: carryOut(), atMs: this.#clock.monotonicMs() }
    this.#done.set(key, entry)
    entry.answer.catch((error) => {
      if (!(error instanceof ReasonedError) && this.#done.get(key) === entry) this.#done.delete(key)
    })
    return entry.answer
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.monotonicMs() - this.#rememberMs
    for (const [key, { atMs }] of this.#done) {
      if (atMs >= oldestMs && this.#done.size < this.#most) return
      this.#done.delete(key)
    }
  }
}

function isCommand(body: unknown): body is Command {
  return (
    typeof body === 'object' &&
    body !== null &&
    'id' in body &&
    typeof body.id === 'string' &&
    'type' in body &&
    typeof body.type === 'string'
  )
}
