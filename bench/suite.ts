import type { Row } from './row.ts'
import type { Stage } from './stage.ts'

/** A group of rows that are measured together. */
export interface Suite {
  /** The rows that it can fill, in order. */
  rows: readonly string[]
  /**
   * Measures; `wanted` says which of its rows are asked for, so that it can leave out the rest. `stage` starts the platform
   * the first time it is called.
   */
  run(stage: () => Promise<Stage>, wanted: (name: string) => boolean): Promise<Row[]>
}

/** Where progress goes: stdout is for the result alone. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}
