import { type Static, Type } from 'typebox'
import { LONGEST_WAIT_MS } from '../engine/limits.ts'
import { done, doneWith, type Outcome, stay, wait } from '../engine/outcome.ts'
import { DIGITS } from '../engine/variables.ts'
import { type ActionContext, defineAction } from './define-action.ts'

/** What a caller who never stops can make of it. */
const MOST_DIGITS = 1_000

const options = Type.Object({
  duration: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LONGEST_WAIT_MS,
      description: 'The whole wait in milliseconds; 0 ends at once.',
    }),
  ),
  length: Type.Optional(Type.Integer({ minimum: 0, description: 'Ends with so many digits; 0 = any number.' })),
  key: Type.Optional(
    Type.String({ maxLength: 16, description: 'Any of these keys ends it; the key itself is not kept.' }),
  ),
})
type Options = Static<typeof options>

export const digits_receive = defineAction({
  type: 'digits_receive',
  summary: 'Collects the keys that the caller presses; those pressed before count.',
  needs: 'call',
  onFailure: 'next',
  options,
  takesDigits: true,
  start: (options, context) => {
    const collected = collect('', options, context)
    if (collected.go !== 'stay') return collected
    const { duration = 0 } = options
    return duration > 0 ? wait(null, { type: 'timer', after_ms: duration }) : done()
  },
  on: (_, input, options, context) => {
    if (input.type === 'digit') return collect(input.digit, options, context)
    return input.type === 'timer' ? done() : stay()
  },
})

/** Adds a digit to those that are there; done when there are enough, or when one of them is an ending key. */
function collect(digit: string, options: Options, context: ActionContext): Outcome {
  const { length = 0, key = '' } = options
  const digits = ((context.variable(DIGITS) ?? '') + digit).slice(0, MOST_DIGITS)
  const end = [...digits].findIndex((pressed) => key.includes(pressed))
  if (end >= 0) return doneWith({ [DIGITS]: [...digits].slice(0, end).join('') })
  const set = digit === '' ? {} : { [DIGITS]: digits }
  return length > 0 && digits.length >= length ? doneWith(set) : stay(set)
}
