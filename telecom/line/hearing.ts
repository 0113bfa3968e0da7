import type { KeyPress } from './key-presses.ts'

/** What hearing does to a line. */
export interface Heard {
  /** It sounds nothing more, and hears no other. */
  silence(): void
  /** The line that it heard is gone: it sounds nothing. */
  quiet(): void
  /** A key of the line that it hears. */
  press(press: KeyPress): void
}

/** Which line a line hears, and which hear it: they press its keys, and stop when it sounds anything else. */
export class Hearing {
  readonly #own: Heard
  readonly #hearers = new Set<Hearing>()
  #heard: Hearing | undefined

  constructor(own: Heard) {
    this.#own = own
  }

  /** It hears this line and no other from now on; `undefined` = none. Whoever else heard it falls silent. */
  join(peer: Hearing | undefined): void {
    for (const hearer of this.#hearers) if (hearer !== peer) hearer.#own.silence()
    if (peer !== this.#heard || peer === undefined) this.#hear(peer)
  }

  /** This line sounds something else, or is over: it hears no other, and those that heard it fall silent. */
  part(): void {
    this.#hear(undefined)
    const hearers = [...this.#hearers]
    this.#hearers.clear()
    for (const hearer of hearers) {
      if (hearer.#heard !== this) continue
      hearer.#heard = undefined
      hearer.#own.quiet()
    }
  }

  /** A key was pressed here. */
  press(press: KeyPress): void {
    for (const hearer of this.#hearers) hearer.#own.press(press)
  }

  #hear(line: Hearing | undefined): void {
    if (this.#heard) this.#heard.#hearers.delete(this)
    this.#heard = line
    if (line) line.#hearers.add(this)
  }
}
