import type { FastifyReply } from 'fastify'
import type { Endpoint } from './endpoint.ts'
import { type AuthenticateOptions, anonymous, type Identity } from './identity.ts'

/** A caller whom nobody knows stays so. */
const stayAnonymous = async () => anonymous

/** One request from its first line to the end of its answer. */
export class Exchange {
  readonly request_id: string
  readonly reply: FastifyReply
  /** What the path and method named, where they named something. */
  readonly endpoint: Endpoint | undefined
  readonly startedMs: number
  /** When it is answered with `REQUEST_TIMEOUT`, on the monotonic clock; what moves it may only move it on. */
  deadlineMs: number
  /** It waits on purpose (a long poll), so it has nothing to lose when the server stops. */
  readonly patient: boolean
  identity: Identity = anonymous
  /** Who is behind its credentials by now, for what outlives it. */
  authenticateAgain: (options?: AuthenticateOptions) => Promise<Identity> = stayAnonymous
  /** An answer has been given, or nobody waits for one any more. */
  settled = false
  /** The reason that was answered, for log and metric. */
  reason = ''
  /** `Set-Cookie` of the answer. */
  readonly cookies: string[] = []
  /** The answer is one that was kept. */
  replayed = false
  #abort: AbortController | undefined
  #abortReason: unknown

  constructor(reply: FastifyReply, endpoint: Endpoint | undefined, startedMs: number, defaultDeadlineMs: number) {
    this.request_id = reply.request.id
    this.reply = reply
    this.endpoint = endpoint
    this.startedMs = startedMs
    this.deadlineMs = startedMs + (endpoint?.deadlineMs ?? defaultDeadlineMs)
    this.patient = endpoint?.deadlineMs !== undefined && !endpoint.upload
  }

  /** Made when somebody asks for it: most handlers end before anybody could abort them. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason)
    }
    return this.#abort.signal
  }

  /** Whether whoever works on it has been told to stop. */
  get aborted(): boolean {
    return this.#abortReason !== undefined
  }

  /** Tells whoever works on it to stop. */
  abort(reason: unknown) {
    this.#abortReason = reason
    this.#abort?.abort(reason)
  }
}
