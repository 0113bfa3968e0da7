/** How many of something go on at once, in all and of each customer. */
export class Turns {
  readonly #most: number
  readonly #mostOfOne: number
  readonly #going = new Map<string, number>()
  #all = 0

  constructor(limits: { most: number; mostOfOne: number }) {
    this.#most = limits.most
    this.#mostOfOne = limits.mostOfOne
  }

  /** Takes a turn and gives what ends it; or says which limit is reached. */
  take(customer: string): (() => void) | 'all' | 'customer' {
    const own = this.#going.get(customer) ?? 0
    if (own >= this.#mostOfOne) return 'customer'
    if (this.#all >= this.#most) return 'all'
    this.#all++
    this.#going.set(customer, own + 1)
    return () => {
      this.#all--
      const left = (this.#going.get(customer) ?? 1) - 1
      if (left > 0) this.#going.set(customer, left)
      else this.#going.delete(customer)
    }
  }
}
