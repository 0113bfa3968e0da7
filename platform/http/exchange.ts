import type { FastifyReply } from 'fastify'
import { type AuthenticateOptions, anonymous, type Identity } from './identity.ts'

/** One request from its first line to the end of its answer. */
export class Exchange {
  readonly request_id: string
  readonly reply: FastifyReply
  readonly startedMs: number
  /** When it is answered with `REQUEST_TIMEOUT`, on the monotonic clock; what moves it may only move it on. */
  deadlineMs: number
  /** It waits on purpose (a long poll), so it has nothing to lose when the server stops. */
  readonly patient: boolean
  identity: Identity = anonymous
  /** Who is behind its credentials by now, for what outlives it. */
  authenticateAgain: (options?: AuthenticateOptions) => Promise<Identity> = async () => anonymous
  /** An answer has been given, or nobody waits for one any more. */
  settled = false
  /** The reason that was answered, for log and metric. */
  reason = ''
  #abort: AbortController | undefined
  #abortReason: unknown

  constructor(request_id: string, reply: FastifyReply, startedMs: number, deadlineMs: number, patient: boolean) {
    this.request_id = request_id
    this.reply = reply
    this.startedMs = startedMs
    this.deadlineMs = deadlineMs
    this.patient = patient
  }

  /** Made when somebody asks for it: most handlers end before anybody could abort them. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason)
    }
    return this.#abort.signal
  }

  /** Tells whoever works on it to stop. */
  abort(reason: unknown) {
    this.#abortReason = reason
    this.#abort?.abort(reason)
  }
}
