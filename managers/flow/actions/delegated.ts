import { type TProperties, Type } from 'typebox'
import { droppedVariables, fail, type Outcome, stay, wait } from '../engine/outcome.ts'
import type { AskOutcome } from '../needs.ts'
import { type ActionContext, type AnyAction, defineAction, type Needs, type OptionFault } from './define-action.ts'

/** How long a manager may take to begin. Milliseconds. */
const ANSWER_MS = 30_000

/** An action that is the business of another manager. */
export interface Delegated<P extends TProperties> {
  type: string
  summary: string
  needs: Needs
  onFailure: 'end' | 'next'
  options: P
  /** How long that manager may take, where it is not half a minute. Milliseconds. */
  answer_ms?: number
  check?(options: Type.Static<Type.TObject<P>>): OptionFault[]
}

/**
 * An action whose options are ours and whose doing is another manager's: it asks, and waits until that manager has begun.
 * Who is asked is joined in `apps/server`, a line for each type; a type that nobody carries out fails as
 * `action_not_available`, and the flow ends or goes on as failures of the type do.
 */
export function delegated<P extends TProperties>({ options, check, answer_ms, ...head }: Delegated<P>): AnyAction {
  return defineAction({
    ...head,
    options: Type.Object(options),
    ...(check ? { check } : {}),
    start: (options, { activeflow_id, reference_type, reference_id }) =>
      wait(
        null,
        // the options were checked: they are an object
        {
          type: 'ask',
          action: head.type,
          options: options as object as Record<string, unknown>,
          activeflow_id,
          reference_type,
          reference_id,
        },
        { type: 'timer', after_ms: answer_ms ?? ANSWER_MS },
      ),
    on: (_, input, _options, context) => {
      if (input.type === 'timer') return fail(`${head.type}_late`)
      return input.type === 'asked' ? follow(input.outcome, context) : stay()
    },
  })
}

function follow(outcome: AskOutcome, context: ActionContext): Outcome {
  if (!outcome.ok) return fail(outcome.cause)
  const { set, dropped } = context.writableByPlatform(Object.entries(outcome.set ?? {}))
  const { push = [] } = outcome
  if (push.length > 0) return { go: 'push', actions: push, set }
  return { go: 'next', set, ...(dropped.length > 0 ? { note: droppedVariables(dropped) } : {}) }
}
