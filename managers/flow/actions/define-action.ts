import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { NIL_UUID } from '#platform/ids'
import type { ReferenceType } from '../activeflow.ts'
import type { Input } from '../engine/command.ts'
import type { Outcome } from '../engine/outcome.ts'

/** What an action may look at: everything here is data of the execution. */
export interface ActionContext {
  /** Wall time, milliseconds since 1970. */
  now_ms: number
  activeflow_id: string
  reference_type: ReferenceType
  reference_id: string
  /** Whether the call has been answered; `undefined` without a call. */
  answered: boolean | undefined
  /** Nobody proved who started this: no paid destination is dialled. */
  free_only: boolean
  /** A variable's value; `undefined` where there is none of this name. */
  variable(name: string): string | undefined
  /** Why this variable may not be written with this value; `undefined` = it may. */
  writeRefusal(name: string, value: string): string | undefined
  /** Which of these may be written one after the other, and the names of the rest. */
  writable(values: Iterable<readonly [string, string]>): { set: Readonly<Record<string, string>>; dropped: string[] }
  /** The same of what another manager writes: names of the platform too, within the bounds of all variables. */
  writableByPlatform: ActionContext['writable']
}

/** Which executions an action runs in (`flows.md` §5): those of a call, all others that have a reference, or any. */
export type Needs = 'call' | 'no_call' | 'any'

/** One type of action: options, documentation and behaviour in one place. Two pure functions, no waiting. */
export interface ActionDefinition<O extends TSchema = TSchema, M extends TSchema = TSchema> {
  type: string
  /** One sentence for reference page and editor. */
  summary: string
  needs: Needs
  /** Whether a failure ends the flow, or is noted before the next action. */
  onFailure: 'end' | 'next'
  options: O
  /**
   * What is wrong with options that their schema takes, when they are saved; what has a placeholder is judged when the
   * action runs. The types of the schema hold.
   */
  check?(options: Static<O>): OptionFault[]
  /** It judges digits itself; else each digit just replaces those before it in `voipbin.call.digits`. */
  takesDigits?: true
  /** What it remembers while it waits; JSON. */
  memory?: M
  start(options: Static<O>, context: ActionContext): Outcome
  /** An input while it waits. Absent: it waits for nothing but its end by others. */
  on?(memory: Static<M>, input: Input, options: Static<O>, context: ActionContext): Outcome
}

/** A definition whose own types are no longer of interest. */
export interface AnyAction extends Omit<ActionDefinition, 'start' | 'on' | 'check'> {
  start(options: unknown, context: ActionContext): Outcome
  on?(memory: unknown, input: Input, options: unknown, context: ActionContext): Outcome
  /** Every fault of options, as they were written or as they are after substitution. */
  faults(options: unknown): OptionFault[]
  check?(options: unknown): OptionFault[]
}

export interface OptionFault {
  /** RFC 6901, below the options. */
  pointer: string
  keyword: string
  issue: string
}

/** Declares an action and keeps its types together. */
export function defineAction<O extends TSchema, M extends TSchema>(definition: ActionDefinition<O, M>): AnyAction {
  const validator = Compile(definition.options)
  const faults = (options: unknown): OptionFault[] => {
    if (validator.Check(options)) return []
    return validator.Errors(options).flatMap(({ instancePath, keyword, message, params }): OptionFault[] => {
      if ('requiredProperties' in params)
        return params.requiredProperties.map((name) => ({
          pointer: `${instancePath}/${name}`,
          keyword,
          issue: 'is required',
        }))
      if (keyword === 'not')
        return [{ pointer: instancePath, keyword, issue: 'is required: the nil UUID names nothing' }]
      const issue = 'allowedValues' in params ? `must be one of ${params.allowedValues.join(', ')}` : message
      return [{ pointer: instancePath, keyword, issue }]
    })
  }
  // the interpreter checks options before it hands them over, and hands back only memory that the action gave
  return { ...(definition as unknown as AnyAction), faults }
}

/** A fault that no schema tells. */
export const optionFault = (pointer: string, issue: string): OptionFault => ({ pointer, keyword: 'check', issue })

/** What an annotated option refers to. */
export type ReferenceKind = 'action' | 'flow' | 'actions'

/** The nil UUID names nothing. */
const named = { not: { const: NIL_UUID } }

/** An option that names an action of the same list. */
export const actionReference = (description: string) => Type.Optional(reference('action', description))
/** One that has to name an action. */
export const requiredAction = (description: string) => reference('action', description, named)
/** An option that names a flow of the same customer. */
export const flowReference = (description: string) => Type.Optional(reference('flow', description))
/** One that has to name a flow. */
export const requiredFlow = (description: string) => reference('flow', description, named)
/** An option that names something else by its id. */
export const uuidOption = (description: string) => Type.Optional(Type.String({ format: 'uuid', description }))
/** One that has to name something. */
export const requiredUuid = (description: string) => Type.String({ format: 'uuid', description, ...named })

const reference = (kind: ReferenceKind, description: string, more: object = {}) =>
  Type.String({ format: 'uuid', description, 'x-reference': kind, ...more })
