import { ReasonedError } from '#platform/errors'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { RequestContext, Subscription } from './bus.ts'
import { BusError, DeadlineExceeded, NoResponder } from './errors.ts'

export type Handler = (body: unknown) => void
export type Responder = (body: unknown, context: RequestContext) => Promise<unknown> | unknown

/** Until when an answer is wanted, on this thread. */
export interface Asking {
  deadlineMs: number
  signal?: AbortSignal | undefined
}

/** Who listens and who answers on this thread. Bodies are JSON texts: everybody gets a copy of his own. */
export class Switchboard {
  readonly #subscribers = new Map<string, Set<Handler>>()
  readonly #responders = new Map<string, Responder>()
  readonly #clock: Clock
  readonly #log: Log

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  /** `changed` is told of the first subscriber of a subject and of the last one that leaves. */
  subscribe(subject: string, handler: Handler, changed: (present: boolean) => void): Subscription {
    const handlers = this.#subscribers.get(subject) ?? new Set<Handler>()
    const own: Handler = (body) => handler(body) // the same function may subscribe twice
    handlers.add(own)
    this.#subscribers.set(subject, handlers)
    if (handlers.size === 1) changed(true)
    return {
      unsubscribe: () => {
        if (!handlers.delete(own) || handlers.size > 0) return
        this.#subscribers.delete(subject)
        changed(false)
      },
    }
  }

  respond(subject: string, responder: Responder, changed: (present: boolean) => void): Subscription {
    this.#responders.set(subject, responder)
    changed(true)
    return {
      unsubscribe: () => {
        if (this.#responders.get(subject) !== responder) return
        this.#responders.delete(subject)
        changed(false)
      },
    }
  }

  responds(subject: string): boolean {
    return this.#responders.has(subject)
  }

  /** Tells the subscribers here, each in a turn of its own; what one of them throws is logged. */
  deliver(subject: string, json: string): void {
    for (const handler of this.#subscribers.get(subject) ?? [])
      queueMicrotask(() => {
        try {
          handler(decode(json))
        } catch (error) {
          this.#log.error({ error, subject }, 'a subscriber failed')
        }
      })
  }

  /** Asks the responder here; rejects at the deadline, whatever it does. */
  answer(subject: string, json: string, asking: Asking): Promise<string> {
    const responder = this.#responders.get(subject)
    if (!responder) return Promise.reject(new NoResponder(subject))
    if (asking.signal?.aborted) return Promise.reject(new BusError('aborted', subject))
    return new Promise((resolve, reject) => {
      const gone = new AbortController()
      const untilMs = this.#clock.monotonicMs() + asking.deadlineMs
      const end = (error: BusError) => {
        reject(error)
        gone.abort(error)
        leave()
      }
      const abort = () => end(new BusError('aborted', subject))
      const timer = this.#clock.after(asking.deadlineMs, () => end(new DeadlineExceeded(subject)))
      const leave = () => {
        timer.cancel()
        asking.signal?.removeEventListener('abort', abort)
      }
      asking.signal?.addEventListener('abort', abort)
      const context: RequestContext = {
        get deadlineMs() {
          return Math.max(0, untilMs - clock.monotonicMs())
        },
        signal: gone.signal,
      }
      const clock = this.#clock
      queueMicrotask(() => {
        if (gone.signal.aborted) return
        run(responder, json, context)
          .then(
            (answer) => resolve(answer),
            (error) => reject(this.#judge(error, subject)),
          )
          .finally(leave)
      })
    })
  }

  #judge(error: unknown, subject: string): unknown {
    if (error instanceof ReasonedError || error instanceof BusError) return error
    this.#log.error({ error, subject }, 'a responder failed')
    return new BusError('failed', subject, { cause: error })
  }
}

async function run(responder: Responder, json: string, context: RequestContext): Promise<string> {
  return encode(await responder(decode(json), context))
}

/** JSON knows no `undefined`: an absent body or answer is the empty text. */
export function encode(body: unknown): string {
  return body === undefined ? '' : JSON.stringify(body)
}

export function decode(json: string): unknown {
  return json === '' ? undefined : JSON.parse(json)
}
