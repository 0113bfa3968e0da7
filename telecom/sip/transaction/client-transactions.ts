import type { Clock } from '#platform/time'
import type { AbandonableTransaction, InviteHandlers } from '../core.ts'
import type { Counters } from '../counters.ts'
import type { Limits } from '../limits.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import type { Flow } from '../transport/flow.ts'
import { SentRequest } from './client-transaction.ts'
import { clientKey } from './key.ts'
import type { ClientTell } from './step.ts'

/** Every request of ours that waits for its answers, found by the branch of its Via (RFC 3261 §17.1.3). */
export class ClientTransactions {
  readonly #needs: { clock: Clock; timers: Timers; limits: Limits; counters: () => Counters }
  readonly #sent = new Map<string, SentRequest>()

  constructor(needs: { clock: Clock; timers: Timers; limits: Limits; counters: () => Counters }) {
    this.#needs = needs
  }

  get size(): number {
    return this.#sent.size
  }

  /** Sends a request in a transaction of its own; one too many fails, later, without having been sent. */
  send(request: SipRequest, flow: Flow, handlers: InviteHandlers): AbandonableTransaction {
    const { clock, timers, limits } = this.#needs
    const counters = this.#needs.counters()
    const key = clientKey(request.topVia.branch, request.cseq.method)
    const transaction = new SentRequest(request, flow, {
      ...{ clock, timers, counters },
      tell: tellerOf(handlers),
      ended: () => this.#sent.delete(key),
    })
    if (this.#sent.size >= limits.clientTransactions) {
      counters.refused_overload++
      transaction.finished = true
      refuse(handlers)
      return transaction
    }
    this.#sent.set(key, transaction)
    transaction.begin()
    return transaction
  }

  /** Gives a response to the request that it answers; false where there is none. */
  receive(response: SipResponse): boolean {
    const transaction = this.#sent.get(clientKey(response.topVia.branch, response.cseq.method))
    transaction?.receive(response)
    return transaction !== undefined
  }

  /** The request of ours with this branch that waits for its answer. */
  waiting(branch: string, method: string): SipRequest | undefined {
    return this.#sent.get(clientKey(branch, method))?.request
  }

  drop(): void {
    for (const transaction of this.#sent.values()) transaction.drop()
    this.#sent.clear()
  }
}

// what these hold must not be held by the closures of a transaction, which live on for a while
function tellerOf(handlers: InviteHandlers): (tell: ClientTell<SipResponse>) => void {
  return (tell) => (tell.type === 'response' ? handlers.response(tell.response) : handlers.failed(tell))
}

function refuse(handlers: InviteHandlers): void {
  const error = new Error('too many requests are under way')
  queueMicrotask(() => handlers.failed({ type: 'transport failed', error }))
}
