/** A statement that has been asked so often is prepared from then on. */
const OFTEN = 10
/** Statements that are prepared at most: each costs the server memory in every connection. */
const MOST_PREPARED = 300
/** Texts that are counted at most, e.g. of lists of every length; then the count begins anew. */
const MOST_COUNTED = 2_000

/**
 * Which statements are asked again and again, so that it is worth to have the server parse and plan each once per connection.
 * Rare texts, and those that take no values, are not.
 */
export class OftenAsked {
  readonly #often = new Set<string>()
  #counts = new Map<string, number>()

  /** Counts it. */
  isOften(text: string, values: readonly unknown[]): boolean {
    if (values.length === 0) return false
    return this.#often.has(text) || this.#count(text)
  }

  #count(text: string): boolean {
    if (this.#often.size >= MOST_PREPARED) return false
    const count = (this.#counts.get(text) ?? 0) + 1
    if (count < OFTEN) {
      if (this.#counts.size >= MOST_COUNTED) this.#counts = new Map()
      this.#counts.set(text, count)
      return false
    }
    this.#counts.delete(text)
    this.#often.add(text)
    return true
  }
}
