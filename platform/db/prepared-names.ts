/** A statement that has been asked so often is prepared from then on. */
const OFTEN = 10
/** Statements that are prepared at most: each costs the server memory in every connection. */
const MOST_PREPARED = 300
/** Texts that are counted at most, e.g. of lists of every length; then the count begins anew. */
const MOST_COUNTED = 2_000

/**
 * Names for the statements that are asked again and again, so that the server parses and plans each once per connection.
 * Rare texts, and those that take no values, get none.
 */
export class PreparedNames {
  readonly #names = new Map<string, string>()
  #counts = new Map<string, number>()

  /** The name to prepare the statement under; `undefined` = it is not worth it (yet). */
  nameOf(text: string, values: readonly unknown[]): string | undefined {
    if (values.length === 0) return undefined
    return this.#names.get(text) ?? this.#count(text)
  }

  #count(text: string): string | undefined {
    if (this.#names.size >= MOST_PREPARED) return undefined
    const count = (this.#counts.get(text) ?? 0) + 1
    if (count < OFTEN) {
      if (this.#counts.size >= MOST_COUNTED) this.#counts = new Map()
      this.#counts.set(text, count)
      return undefined
    }
    this.#counts.delete(text)
    const name = `often_${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}
