import { InvariantError } from '#platform/errors'
import type { Core } from '../core.ts'
import { DigestClient } from '../digest/client.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { serialise } from '../message/serialise.ts'
import { buildRequest } from '../outgoing.ts'
import type { Outcome } from '../transaction-user.ts'
import type { Flow } from '../transport/flow.ts'
import type { Destination } from '../transport/resolve.ts'
import type { Ways } from '../ways.ts'
import type { Question, Reply } from './question.ts'

/** How long an answer is waited for in all, unless the question says otherwise. */
const TIMEOUT_MS = 10_000
/** How long one destination may be silent while there is another one to ask. */
const PATIENCE_MS = 4_000
/** Destinations of one question that are tried. */
const MOST_TRIED = 4

/** How one request for it ended; `silent`: it was given up before its transaction was over. */
type Attempt =
  | { readonly type: 'response'; readonly response: SipResponse; readonly destination: Destination }
  | Exclude<Outcome, { type: 'response' }>
  | { readonly type: 'silent' }

/** One question: its identity, the time that is left, and the destinations one after the other. */
export class RunningQuestion {
  readonly #question: Question
  readonly #core: Core
  readonly #ways: Ways
  readonly #fromTag: string
  readonly #callId: string
  readonly #deadlineMs: number
  #cseq = 0
  #stopped = false
  #giveUp: () => void = () => {}

  constructor(question: Question, core: Core, ways: Ways) {
    this.#question = question
    this.#core = core
    this.#ways = ways
    this.#fromTag = core.identity.tag()
    this.#callId = question.callId ?? core.identity.callId()
    this.#deadlineMs = core.clock.monotonicMs() + (question.timeoutMs ?? TIMEOUT_MS)
  }

  async answer(): Promise<Reply> {
    const { via, uri } = this.#question
    const { destinations, issue } = via ? this.#ways.allowed(via) : await this.#ways.lookUp(uri)
    if (issue === 'refused_address') return { outcome: 'refused_address' }
    if (issue) return { outcome: 'unresolvable', issue }
    return this.#tryAll(destinations.slice(0, MOST_TRIED))
  }

  stop(): void {
    this.#stopped = true
    this.#giveUp()
  }

  async #tryAll(destinations: readonly Destination[]): Promise<Reply> {
    const { credentials } = this.#question
    const peers = destinations.map(({ remote }) => remote.address)
    const digest = credentials && new DigestClient(credentials, peers, this.#core.ids)
    const tried: Destination[] = []
    let error = 'the stack is stopping'
    let isSilent = false
    let refused: Reply | undefined
    for (const [at, destination] of destinations.entries()) {
      if (this.#stopped || this.#leftMs() <= 0) break
      tried.push(destination)
      const attempt = await this.#try(destination, digest, at === destinations.length - 1)
      if (attempt.type === 'response') {
        const reply = replyOf(attempt)
        if (attempt.response.status !== 503) return reply
        refused = reply
      } else if (attempt.type === 'transport failed') error = attempt.error.message
      else isSilent = true
    }
    return (
      refused ??
      (isSilent && !this.#stopped ? { outcome: 'no_answer', tried } : { outcome: 'unreachable', tried, error })
    )
  }

  /**
   * Asks one destination, and once more with an answer where it challenges. Each of these requests, if it is too large for a
   * datagram, goes by TCP where that can be (RFC 3261 §18.1.1), and else by UDP as it is.
   */
  async #try(destination: Destination, digest: DigestClient | undefined, isLast: boolean): Promise<Attempt> {
    const { breaker } = this.#ways
    let shown = this.#shownTo(destination, digest)
    let at = this.#sized(destination, shown)
    for (let answers = 0; ; ) {
      breaker.trying(at)
      const request = this.#build(at, this.#question.nextCSeq?.() ?? ++this.#cseq, shown)
      const attempt = await this.#send(request, at, isLast)
      if (attempt.type === 'response') {
        breaker.answered(at, attempt.response)
        if (!digest?.take(request, attempt.response, answers)) return attempt
        answers++
        shown = this.#shownTo(destination, digest)
        at = this.#sized(at, shown)
      } else if (attempt.type === 'transport failed' && at.transport !== destination.transport && !this.#stopped) {
        this.#ways.refusesStream(at)
        at = destination
      } else {
        if (!this.#stopped) breaker.failed(at)
        return attempt
      }
    }
  }

  #shownTo({ remote: { address } }: Destination, digest: DigestClient | undefined): HeaderInput {
    const { method, uri } = this.#question
    return digest?.headersFor({ method, uri, address }) ?? {}
  }

  #sized(destination: Destination, shown: HeaderInput): Destination {
    return this.#ways.streamFor(destination, serialise(this.#build(destination, 1, shown)).length) ?? destination
  }

  #build(destination: Destination, cseq: number, shown: HeaderInput): SipRequest {
    const { nextCSeq: _, ...parts } = this.#question
    const identity = { fromTag: this.#fromTag, callId: this.#callId, cseq }
    const headers = { ...parts.headers, ...shown }
    return buildRequest(this.#core, { ...parts, ...identity, headers }, this.#flowTo(destination))
  }

  #flowTo({ remote, transport }: Destination): Flow {
    const flow = this.#ways.flowTo(remote, transport)
    if (!flow) throw new InvariantError('a destination that was allowed has no listener')
    return flow
  }

  async #send(request: SipRequest, destination: Destination, isLast: boolean): Promise<Attempt> {
    const flow = this.#flowTo(destination)
    const patienceMs = isLast ? this.#leftMs() : Math.min(this.#leftMs(), PATIENCE_MS)
    const attempt = await new Promise<Attempt>((resolve) => {
      const transaction = this.#core.send(request, flow, {
        done: (outcome) => {
          timer.cancel()
          resolve(outcome.type === 'response' ? { ...outcome, destination } : outcome)
        },
      })
      this.#giveUp = () => {
        timer.cancel()
        transaction.abandon()
        resolve({ type: 'silent' })
      }
      const timer = this.#core.clock.after(patienceMs, this.#giveUp)
    })
    this.#giveUp = () => {}
    return attempt
  }

  #leftMs(): number {
    return this.#deadlineMs - this.#core.clock.monotonicMs()
  }
}

function replyOf({ response, destination }: Extract<Attempt, { type: 'response' }>): Reply {
  const { status, reason, headers, body } = response
  const { remote, transport } = destination
  return { outcome: 'answered', status, reason_phrase: reason, headers, body, remote, transport }
}
