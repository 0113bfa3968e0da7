import type { EndedReason } from '../activeflow.ts'
import type { Action } from '../flow.ts'
import type { Effect } from './command.ts'

/** What an action decides, as data; the interpreter carries it out. */
export type Outcome = {
  /** Variables to write, in any case. */
  set?: Readonly<Record<string, string>>
  /** What to do outside. */
  effects?: readonly Effect[]
} & (
  | { go: 'next'; note?: string }
  /** Waits for the outcomes of its effects (and of those it still waits for) with this memory. */
  | { go: 'wait'; memory: unknown }
  /** Waits on, unchanged. */
  | { go: 'stay' }
  /** Continues at another action of this stack or one outside. */
  | { go: 'jump'; target_id: string }
  /** The same, counted: the counter belongs to this action in this execution. */
  | { go: 'count'; target_id: string; times: number }
  /** Works through these actions first. */
  | { go: 'push'; actions: readonly Action[] }
  /** Waits for `continue`. */
  | { go: 'park' }
  | { go: 'end'; reason: EndedReason }
  | { go: 'fail'; cause: string }
)

type Writes = Readonly<Record<string, string>>

/** Goes on with the next action; what the effects come to is of no interest. */
export const done = (...effects: Effect[]): Outcome => ({ go: 'next', effects })
/** Goes on with the next action after writing variables. */
export const doneWith = (set: Writes, ...effects: Effect[]): Outcome => ({ go: 'next', set, effects })
/** Goes on although not all was well: the note stands as cause beside the action. */
export const doneBut = (note: string): Outcome => ({ go: 'next', note })
/** Does this and waits for what comes of it. */
export const wait = (memory: unknown, ...effects: Effect[]): Outcome => ({ go: 'wait', memory, effects })
/** Waits on; variables may be written meanwhile. */
export const stay = (set: Writes = {}): Outcome => ({ go: 'stay', set })
/** Continues at that action. */
export const jump = (target_id: string, set: Writes = {}): Outcome => ({ go: 'jump', target_id, set })
/** Fails: the word for why, a colon, and what about it. What follows depends on the action's class. */
export const fail = (cause: string): Outcome => ({ go: 'fail', cause })

/** Notes variables that were not taken: as much of their names as anybody reads, and nothing that the database cannot hold. */
export const droppedVariables = (names: readonly string[]) =>
  `variables_dropped: ${names.join(', ').replaceAll('\0', '').toWellFormed().slice(0, 1_000)}`
