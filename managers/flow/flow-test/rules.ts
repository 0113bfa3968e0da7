/** Rules of a script: of those that fit the first is used up, and the last that fits stays. */
export class Rules<R> {
  readonly #rules: R[]

  constructor(rules: readonly R[] = []) {
    this.#rules = [...rules]
  }

  /** The rule for this occasion; `undefined` = the script has none. */
  take(fits: (rule: R) => boolean = () => true): R | undefined {
    const at = this.#rules.findIndex(fits)
    const rule = this.#rules[at]
    if (rule === undefined) return undefined
    if (this.#rules.slice(at + 1).some(fits)) this.#rules.splice(at, 1)
    return rule
  }
}
