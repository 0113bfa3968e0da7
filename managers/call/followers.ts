import type { Attempt } from './attempt.ts'

/** The calls and groups that end with a call. */
export class Followers {
  readonly #followers = new Set<Attempt>()
  readonly #chain: (call_ids: readonly string[]) => void
  #fresh: string[] = []

  /** `chain` hears of the calls that have come, all of one turn together. */
  constructor(chain: (call_ids: readonly string[]) => void) {
    this.#chain = chain
  }

  lead(follower: Attempt): void {
    this.#followers.add(follower)
    if (follower.kind !== 'call' || this.#fresh.push(follower.id) > 1) return
    queueMicrotask(() => this.#chain(this.#fresh.splice(0)))
  }

  /** This leg, and the groups that it is among, do not end with ours any more; gives what followed us for it. */
  letGo(call_id: string): readonly Attempt[] {
    const freed = [...this.#followers].filter((follower) => follower.holds(call_id))
    for (const follower of freed) this.#followers.delete(follower)
    return freed
  }

  /** What was let go follows us again. */
  leadAgain(followers: readonly Attempt[]): void {
    for (const follower of followers) this.#followers.add(follower)
  }

  /** Groups were made before their members: no next one is called for a call that is over. */
  endAll(): void {
    for (const follower of this.#followers) follower.hangup('normal', undefined, 'master')
    this.#followers.clear()
  }
}
