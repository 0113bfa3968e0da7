import { AsyncLocalStorage } from 'node:async_hooks'

/** Until when the work that is under way may take, and what its transaction has noted. */
export interface Scope {
  /** Monotonic milliseconds. */
  untilMs: number
  signal?: AbortSignal
  topics?: Set<string>
}

/** The scope travels with the work, so that a store needs not be told about the request that it serves. */
export const scope = new AsyncLocalStorage<Scope>()

/**
 * Notes a topic with the transaction that is under way (`event_inbox`: events were written); those who listen to commits
 * learn of it afterwards. Outside of a transaction it does nothing.
 */
export function noteInTransaction(topic: string): void {
  scope.getStore()?.topics?.add(topic)
}
