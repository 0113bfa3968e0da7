/**
 * Who subscribed to what, so that finding the subscribers of an event costs as much as there are different lengths of
 * topics, however many subscribers there are.
 */
export class TopicIndex<Subscriber> {
  readonly #subscribers = new Map<string, Set<Subscriber>>()
  /** How many topics there are of each length. */
  readonly #lengths = new Map<number, number>()

  add(prefix: string, subscriber: Subscriber): void {
    const known = this.#subscribers.get(prefix)
    if (known) {
      known.add(subscriber)
      return
    }
    this.#subscribers.set(prefix, new Set([subscriber]))
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1)
  }

  remove(prefix: string, subscriber: Subscriber): void {
    const known = this.#subscribers.get(prefix)
    if (!known?.delete(subscriber) || known.size > 0) return
    this.#subscribers.delete(prefix)
    const left = (this.#lengths.get(prefix.length) ?? 1) - 1
    if (left === 0) this.#lengths.delete(prefix.length)
    else this.#lengths.set(prefix.length, left)
  }

  /** Each subscriber of one of the topics, once. */
  match(published: readonly string[]): Set<Subscriber> {
    const found = new Set<Subscriber>()
    for (const topic of published)
      for (const length of this.#lengths.keys())
        for (const subscriber of this.#subscribers.get(topic.slice(0, length)) ?? []) found.add(subscriber)
    return found
  }
}
