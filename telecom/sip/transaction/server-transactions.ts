import type { Clock } from '#platform/time'
import type { Counters } from '../counters.ts'
import type { Limits } from '../limits.ts'
import type { SipRequest } from '../message/message.ts'
import type { Timers } from '../timers.ts'
import type { Flow } from '../transport/flow.ts'
import { KeptTransaction } from './kept-transaction.ts'
import { mergeKey, serverKey } from './key.ts'
import { ServerTransaction } from './server-transaction.ts'

/** Every request of others that was answered lately or waits for its answer (RFC 3261 §17.2.3), within bounds. */
export class ServerTransactions {
  readonly #needs: { clock: Clock; timers: Timers; limits: Limits; counters: () => Counters }
  readonly #received = new Map<string, KeptTransaction>()
  /** Bytes of their requests. */
  #bytes = 0
  /** Requests outside of dialogs by what a merged one has in common with them. */
  readonly #merged = new Map<string, KeptTransaction>()

  constructor(needs: { clock: Clock; timers: Timers; limits: Limits; counters: () => Counters }) {
    this.#needs = needs
  }

  get size(): number {
    return this.#received.size
  }

  /** The transaction that a request, or the ACK or CANCEL of one (with `method` INVITE), belongs to. */
  find(request: SipRequest, method = request.method): KeptTransaction | undefined {
    return this.#received.get(serverKey(request, method))
  }

  /** Whether a request of so many bytes is more than we can take. */
  isFull(bytes: number): boolean {
    const { serverTransactions, serverTransactionBytes } = this.#needs.limits
    return this.#received.size >= serverTransactions || this.#bytes + bytes > serverTransactionBytes
  }

  /** Begins one. `isMerged`: the same request came over another path (§8.2.2.2). */
  open(request: SipRequest, flow: Flow, bytes: number): { transaction: ServerTransaction; isMerged: boolean } {
    const { clock, timers } = this.#needs
    const key = serverKey(request, request.method)
    const outside = request.toTag === ''
    const merge = outside && request.fromTag !== '' && request.method !== 'CANCEL' ? mergeKey(request) : undefined
    const isMerged = merge !== undefined && this.#merged.get(merge)?.ongoing === true
    const kept = new KeptTransaction(
      { key, mergeKey: isMerged ? undefined : merge, request, flow },
      {
        ...{ clock, timers, counters: this.#needs.counters() },
        ended: (ended) => {
          this.#bytes -= bytes
          this.#forget(ended)
        },
      },
    )
    const transaction = new ServerTransaction(request, flow, kept)
    transaction.begin() // what cannot even be answered by 100 is not kept
    this.#received.set(key, kept)
    this.#bytes += bytes
    if (merge !== undefined && !isMerged) this.#merged.set(merge, kept)
    return { transaction, isMerged }
  }

  drop(): void {
    for (const kept of this.#received.values()) kept.drop()
    this.#received.clear()
    this.#merged.clear()
    this.#bytes = 0
  }

  #forget(kept: KeptTransaction): void {
    this.#received.delete(kept.key)
    const { mergeKey: merge } = kept
    if (merge !== undefined && this.#merged.get(merge) === kept) this.#merged.delete(merge)
  }
}
