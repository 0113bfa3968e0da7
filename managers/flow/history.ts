import type { ActionRun } from './activeflow.ts'

/**
 * Every event of an execution carries its whole history, so what a history holds is multiplied by its steps: one request
 * could otherwise keep the call loop busy for many seconds with text that its author repeats. The interpreter itself
 * works with whole options; only what is shown and kept is bounded.
 */

/** The longest action that is shown with its options. Characters. */
const LONGEST_SHOWN = 32 * 1024
/** All actions of a history together; those after it are kept without their options. Characters. */
const LONGEST_HISTORY = 128 * 1024
const LONGEST_CAUSE = 1_000

/** An action as it is shown: without its options where they are longer than anybody reads. */
export function shownRun(run: ActionRun, longest = LONGEST_SHOWN): ActionRun {
  if (lengthOf(run) <= longest) return run
  const { option: _option, unresolved: _unresolved, variables: _variables, cause, ...rest } = run
  return { ...rest, ...(cause === undefined ? {} : { cause: cause.slice(0, LONGEST_CAUSE).toWellFormed() }) }
}

/** The actions that an execution has left behind, within their bound. */
export class History {
  readonly runs: ActionRun[] = []
  #length = 0

  constructor(runs: readonly ActionRun[]) {
    for (const run of runs) this.add(run)
  }

  /** Adds what was left; gives it as it is kept. */
  add(run: ActionRun): ActionRun {
    const kept = shownRun(run, Math.min(LONGEST_SHOWN, LONGEST_HISTORY - this.#length))
    this.#length += lengthOf(kept)
    this.runs.push(kept)
    return kept
  }
}

/** About the length of a JSON value as text; texts count by their length, because writing them out would be the cost. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value !== 'object' || value === null) return 8
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + lengthOf(each), 2)
  return Object.entries(value).reduce((sum, [name, each]) => sum + name.length + 4 + lengthOf(each), 2)
}
