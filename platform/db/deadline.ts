import { AsyncLocalStorage } from 'node:async_hooks'
import type { AnyTransaction } from './database.ts'

/** Somebody who may lose interest, such as an `AbortSignal`. */
export interface Wanted {
  readonly aborted: boolean
}

/** Until when the work that is under way may take, what holds for its transactions, and what they have noted. */
export interface Scope {
  /** Monotonic milliseconds; the default of the database where it is left out. */
  untilMs?: number
  signal?: AbortSignal
  topics?: Set<string>
  fence?: Fence
  wanted?: Wanted
}

/** Runs as the first thing in every transaction of some work; what it throws undoes the transaction. */
export type Fence = (trx: AnyTransaction) => Promise<void>

/** The scope travels with the work, so that a store needs not be told about the request that it serves. */
export const scope = new AsyncLocalStorage<Scope>()

/**
 * Notes a topic with the transaction that is under way (`event_inbox`: events were written); those who listen to commits
 * learn of it afterwards. Outside of a transaction it does nothing.
 */
export function noteInTransaction(topic: string): void {
  scope.getStore()?.topics?.add(topic)
}

/**
 * Runs `work` with a fence around it: whatever it commits, in however many transactions, is committed together with what
 * the fence writes, or not at all.
 */
export function withFence<R>(fence: Fence, work: () => Promise<R>): Promise<R> {
  return scope.run({ ...scope.getStore(), fence }, work)
}

/**
 * Runs `work` for somebody who may lose interest: once `wanted` aborts it begins no further statement (each rejects with
 * `DatabaseUnavailable`, `aborted`); one that runs, and a transaction that is open, end in peace.
 */
export function whileWanted<R>(wanted: Wanted, work: () => R): R {
  return scope.run({ ...scope.getStore(), wanted }, work)
}
