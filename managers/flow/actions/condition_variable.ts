import { type Static, Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { done, jump } from '../engine/outcome.ts'
import { compare, OPERATORS } from './compare.ts'
import { actionReference, defineAction } from './define-action.ts'

const options = Type.Object({
  condition: Type.Enum(OPERATORS),
  variable: Type.Optional(Type.String({ description: 'A placeholder, or the plain name of a variable.' })),
  value_type: Type.Enum(['string', 'number', 'length']),
  value_string: Type.Optional(Type.String()),
  value_number: Type.Optional(Type.Number()),
  value_length: Type.Optional(Type.Integer()),
  false_target_id: actionReference('Where to go when it does not hold.'),
})
type Options = Static<typeof options>

export const condition_variable = defineAction({
  type: 'condition_variable',
  summary: 'Goes on when a variable compares as asked, else jumps.',
  needs: 'any',
  onFailure: 'end',
  options,
  start: (options, context) => {
    const written = options.variable ?? ''
    const left = context.variable(written) ?? written
    return holds(left, options) ? done() : jump(options.false_target_id ?? NIL_UUID)
  },
})

function holds(left: string, options: Options): boolean {
  const { condition, value_type, value_string = '', value_number = 0, value_length = 0 } = options
  switch (value_type) {
    case 'string':
      return compare(condition, Buffer.compare(Buffer.from(left), Buffer.from(value_string)))
    case 'number': {
      const number = left.trim() === '' ? Number.NaN : Number(left)
      return !Number.isNaN(number) && compare(condition, number - value_number)
    }
    case 'length':
      return compare(condition, [...left].length - value_length)
    default:
      return false
  }
}
