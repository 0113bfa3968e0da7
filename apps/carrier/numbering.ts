import { readSteps, ScriptFault, type Step } from './steps.ts'

/** What a number of the script does. */
export interface NumberRow {
  /** `+999` and nine digits, of which some may be letters: the same letter in a row stands for the number that is dialled there. */
  number: string
  /** In words, for whoever looks for something to dial. */
  does: string
  /** As they are written; `stepsFor` reads them with what was dialled. */
  steps: unknown
}

const PATTERN = /^\+[0-9a-z]{4,15}$/

/** The carrier's own numbers. */
export class Numbering {
  readonly rows: readonly NumberRow[]
  readonly #patterns: readonly { digits: RegExp; names: readonly string[]; row: NumberRow }[]

  /** The first row that fits counts. Throws a `ScriptFault` for a row that no dialled number could make sense of. */
  constructor(rows: readonly NumberRow[]) {
    this.rows = rows
    this.#patterns = rows.map((row, at) => {
      const where = `numbers[${at}]`
      if (!PATTERN.test(row.number)) throw new ScriptFault(`${where}.number`, 'takes + and 4 to 15 digits or letters')
      const names = row.number.match(/([a-z])\1*/g) ?? []
      if (new Set(names).size < names.length) throw new ScriptFault(`${where}.number`, 'has a letter in two places')
      const digits = row.number.slice(1).replace(/([a-z])\1*/g, (letters) => `(\\d{${letters.length}})`)
      if (names.length === 0) readSteps(row.steps, `${where}.steps`)
      return { digits: new RegExp(`^\\+${digits}$`), names, row }
    })
  }

  /** What this number does; `undefined` where the script has no such number, or not with the digits that were dialled. */
  stepsFor(dialled: string): readonly Step[] | undefined {
    for (const { digits, names, row } of this.#patterns) {
      const found = digits.exec(dialled)
      if (!found) continue
      const variables = new Map(names.map((name, at) => [name, Number(found[at + 1])]))
      try {
        return readSteps(row.steps, 'steps', variables)
      } catch (error) {
        if (!(error instanceof ScriptFault)) throw error
      }
    }
    return undefined
  }
}
