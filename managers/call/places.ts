/** Bounds how many pieces of work are under way at once. */
export class Places {
  readonly #most: number
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Takes a place; gives what leaves it again, to be called once. `undefined` where all are taken. */
  enter(): (() => void) | undefined {
    if (this.#taken >= this.#most) return undefined
    this.#taken++
    return () => {
      this.#taken--
    }
  }
}
