import { type Database, DatabaseUnavailable, type Fence, withFence } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { apiErrors } from '../errors.ts'
import { digestOf, seal, unseal } from './sealed.ts'
import { type Claimed, IdempotencyStore, type Slot } from './store.ts'

/** How long after its deadline a run may be silent before another one may take its place. Milliseconds. */
const GRACE_MS = 5_000
/** How often it is looked whether a run in another process has ended, in milliseconds. */
const LOOK_EVERY_MS = 200
/** Answers are kept for 24 h at least. */
const KEPT_HOURS = 25
const FORGET_AT_ONCE = 5_000

/** A request that carries a key. */
export interface KeyedRequest {
  customer: string
  caller: string
  operation: string
  /** Ids in the path: the same key with other ids is another key. */
  params: unknown
  /** As it was sent. */
  key: string
  /** Digest of what makes the request the same one: its query and its body. */
  fingerprint: Buffer
  /** Milliseconds that the request may take. */
  deadlineMs: number
  /** Where the database is away it is worked on all the same, and its answer is not kept. */
  evenWithoutDatabase: boolean
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal
}

/** What became of a request: an answer as text, and whether it is the one to be given from now on. */
export interface Outcome {
  answer: string
  final: boolean
}

/**
 * Does the work of a request at most once per `Idempotency-Key` and gives every repeat the first answer
 * (`platform.md` §12), also after a restart and for repeats that come while the first one is worked on.
 *
 * A run claims the key, works with a fence around it, and keeps its answer. The fence writes into each of its
 * transactions that something was done, and shuts when the claim was taken over; so a run that vanished in the middle can
 * be replaced, and what it committed is never committed twice.
 */
export class Idempotency {
  readonly #store: IdempotencyStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #log: Log
  /** Runs of this process, by run. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(needs: { db: Database; clock: Clock; ids: Ids; log: Log }) {
    this.#store = new IdempotencyStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#log = needs.log
  }

  /**
   * The answer to a request: of `work`, or the one that was kept. Throws `INVALID_ARGUMENT` when the key belongs to
   * another request, and `STATE_INVALID` when its work was done and the answer was lost with the process that did it.
   */
  async once(request: KeyedRequest, work: () => Promise<Outcome>): Promise<{ answer: string; replayed: boolean }> {
    const { customer: customer_id, caller, operation, key, fingerprint, deadlineMs } = request
    const slot: Slot = { customer_id, caller, operation, key: digestOf(JSON.stringify([key, request.params])) }
    for (;;) {
      const run = this.#ids.uuid()
      let claimed: Claimed | undefined
      try {
        claimed = await this.#store.claim(slot, fingerprint, run, deadlineMs + GRACE_MS)
      } catch (error) {
        if (!request.evenWithoutDatabase || !(error instanceof DatabaseUnavailable)) throw error
        return { answer: (await work()).answer, replayed: false }
      }
      if (!claimed) return { answer: await this.#run(slot, key, run, work), replayed: false }
      if (!claimed.fingerprint.equals(fingerprint)) throw apiErrors.INVALID_ARGUMENT(OTHER_REQUEST)
      if (claimed.answer) return { answer: unseal(claimed.answer, key), replayed: true }
      if (claimed.abandoned && claimed.carried_out) throw apiErrors.STATE_INVALID({ issue: LOST_ANSWER })
      if (!claimed.abandoned) await this.#wait(claimed.run, request.signal)
    }
  }

  async #run(slot: Slot, key: string, run: string, work: () => Promise<Outcome>): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running.set(run, promise)
    let open = true
    const fence: Fence = async (trx) => {
      // what the request has set going and left behind is not part of it any more
      if (open) await this.#store.carryOut(trx, slot, run)
    }
    try {
      const { answer, final } = await withFence(fence, work)
      open = false
      const note = final ? this.#store.finish(slot, run, seal(answer, key, this.#ids)) : this.#store.giveBack(slot, run)
      await this.#keep(note)
      return answer
    } finally {
      open = false
      this.#running.delete(run)
      resolve()
    }
  }

  /** The work is done, whatever becomes of the note about it: whoever waits gets the answer. */
  async #keep(kept: Promise<void>): Promise<void> {
    try {
      await kept
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
      this.#log.warn({ err: error }, 'an answer could not be kept under its idempotency key')
    }
  }

  async #wait(run: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(LOOK_EVERY_MS, resolve)
    const stop = () => resolve()
    signal.addEventListener('abort', stop)
    void this.#running.get(run)?.then(resolve)
    await promise
    signal.removeEventListener('abort', stop)
    timer.cancel()
    signal.throwIfAborted()
  }

  /** Forgets the keys whose answers have been kept for long enough. */
  async forgetOld(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.#store.forget(KEPT_HOURS, FORGET_AT_ONCE)) === FORGET_AT_ONCE);
  }
}

const OTHER_REQUEST = { field: 'Idempotency-Key', issue: 'was used for another request; send a key of its own' }
const LOST_ANSWER =
  'The first request with this Idempotency-Key was carried out, and its answer was lost when the platform stopped. ' +
  'List the resources to find what it made.'
